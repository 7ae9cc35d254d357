//! Lines of bounded length from a stream that may hold anything.

use std::io::{self, BufRead};

/// Reads one line without its line break; `None` at the end. Of a longer line than `limit` only
/// the first `limit` bytes are kept, so that nothing a stream holds can fill the memory.
pub(crate) fn read_line(input: &mut impl BufRead, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut any = false;
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(any.then_some(line));
        }
        any = true;
        let end = available.iter().position(|&byte| byte == b'\n');
        let (part, used) = match end {
            Some(end) => (&available[..end], end + 1),
            None => (available, available.len()),
        };
        let room = limit.saturating_sub(line.len()).min(part.len());
        line.extend_from_slice(&part[..room]);
        input.consume(used);
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_and_the_next_one_is_whole() {
        let mut input = io::BufReader::with_capacity(3, &b"abcdefgh\n\nxy"[..]);
        assert_eq!(read_line(&mut input, 5).unwrap(), Some(b"abcde".to_vec()));
        assert_eq!(read_line(&mut input, 5).unwrap(), Some(Vec::new()));
        assert_eq!(read_line(&mut input, 5).unwrap(), Some(b"xy".to_vec()));
        assert_eq!(read_line(&mut input, 5).unwrap(), None);
    }
}
