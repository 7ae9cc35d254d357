//! Pictures of outputs: arrays as PNG images inside the page.

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crossover_record::{PictureFile, PictureKind, PictureScale};
use crossover_values::{DType, Value, npy};
use serde::Serialize;

use crate::{ReportError, kernels};

/// A picture as the template sees it.
#[derive(Debug, Serialize)]
pub(crate) struct PictureView {
    pub kind: &'static str,
    pub caption: String,
    pub source: String,
    pub width: usize,
    pub height: usize,
    /// A PNG file in base 64.
    pub data: String,
}

/// Reads and draws a picture of a record in `folder`.
pub(crate) fn view(folder: &Path, picture: &PictureFile) -> Result<PictureView, ReportError> {
    let data = draw(folder, picture)
        .map_err(|reason| ReportError::Picture { file: picture.file.clone(), reason })?;
    let adapter = picture.adapter.as_ref().map(|name| format!(" on {name}")).unwrap_or_default();
    Ok(PictureView {
        kind: kernels::kind_name(picture.kind),
        caption: picture.caption.clone(),
        source: format!(
            "{} {}, {} {}{adapter}, {} × {}",
            picture.dtype,
            picture.size,
            picture.backend,
            picture.variant,
            picture.full[0],
            picture.full[1]
        ),
        width: picture.width,
        height: picture.height,
        data,
    })
}

fn draw(folder: &Path, picture: &PictureFile) -> Result<String, String> {
    // The record's own check: the name has no folder and the file is not too large.
    crossover_record::picture(folder, picture).map_err(|error| error.to_string())?;
    let dtype = match picture.kind {
        PictureKind::Result => DType::F32,
        PictureKind::Difference => DType::U8,
    };
    let value = npy::read(&folder.join(&picture.file), dtype).map_err(|error| error.to_string())?;
    let Value::Array(array) = value else { return Err("it is no array".to_owned()) };
    if array.shape() != [picture.height, picture.width] {
        return Err(format!("shape {:?} is not as recorded", array.shape()));
    }
    let elements = (0..array.len()).filter_map(|index| array.get(index));
    let values = elements.map(|scalar| scalar.as_f64()).collect::<Vec<f64>>();
    let (indices, palette) = match picture.kind {
        PictureKind::Result => (shades(&values, picture.scale), palette()),
        PictureKind::Difference => {
            let index = |&value: &f64| (value as u8).min(2);
            (values.iter().map(index).collect(), DIFFERENCE.concat())
        }
    };
    encode(picture.width, picture.height, &indices, palette).map_err(|error| error.to_string())
}

/// Index of the colour of a value that is no number.
const NOT_A_NUMBER: u8 = 255;

/// Values as colours of a map that rises evenly in lightness, by their index in [`palette`].
fn shades(values: &[f64], scale: PictureScale) -> Vec<u8> {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
    let range = if high > low { high - low } else { 1.0 };
    let place = |value: f64| {
        let linear = ((value - low) / range).clamp(0.0, 1.0);
        match scale {
            PictureScale::Linear => linear,
            // 1 + v / step with a step of a thousandth of the range.
            PictureScale::Log => (1.0 + linear * 1000.0).ln() / 1001_f64.ln(),
        }
    };
    let last = f64::from(NOT_A_NUMBER - 1);
    let index = |&value: &f64| match value.is_nan() {
        true => NOT_A_NUMBER,
        false => (place(value) * last).round() as u8,
    };
    values.iter().map(index).collect()
}

/// Control points of the map, from dark violet over teal to yellow.
const MAP: [[f64; 3]; 5] = [
    [68.0, 1.0, 84.0],
    [59.0, 82.0, 139.0],
    [33.0, 145.0, 140.0],
    [94.0, 201.0, 98.0],
    [253.0, 231.0, 37.0],
];

/// The colours of the map, and that of what is no number.
fn palette() -> Vec<u8> {
    let last = f64::from(NOT_A_NUMBER - 1);
    let shades = (0..NOT_A_NUMBER).flat_map(|index| colour(f64::from(index) / last));
    shades.chain([255, 0, 255]).collect()
}

fn colour(place: f64) -> [u8; 3] {
    let scaled = place * (MAP.len() - 1) as f64;
    let index = (scaled as usize).min(MAP.len() - 2);
    let share = scaled - index as f64;
    let channel =
        |c: usize| MAP[index][c].mul_add(1.0 - share, MAP[index + 1][c] * share).round() as u8;
    [channel(0), channel(1), channel(2)]
}

/// Equal: nearly white; different and allowed: blue; not allowed: red.
const DIFFERENCE: [[u8; 3]; 3] = [[236, 236, 236], [0, 114, 178], [213, 40, 0]];

fn encode(
    width: usize,
    height: usize,
    indices: &[u8],
    palette: Vec<u8>,
) -> Result<String, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette);
    encoder.set_compression(png::Compression::High);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(indices)?;
    writer.finish()?;
    Ok(BASE64_STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_range_have_the_ends_of_the_map() {
        let shades = shades(&[0.0, 5.0, 10.0, f64::NAN], PictureScale::Linear);
        assert_eq!(shades, [0, 127, 254, NOT_A_NUMBER]);
        let palette = palette();
        assert_eq!(palette[..3], [68, 1, 84]);
        assert_eq!(palette[127 * 3..128 * 3], [33, 145, 140]);
        assert_eq!(palette[254 * 3..], [253, 231, 37, 255, 0, 255]);
    }
}
