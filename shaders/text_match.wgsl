// Many patterns in a text of four letters. The complete automaton for patterns of at most six letters
// of four needs no table: its state is the last six letters, two bits each, and a step is a shift. So
// a chunk is walked by looking at windows of twelve bits, with an overlap of five letters into what
// follows, and the states are counted in workgroup memory. A pattern's count is the sum over the
// states that begin with it; the last five starts, which have no whole window, are compared letter by
// letter.

// include: group_sum

struct Params {
    text_0: u32,
    groups: u32,
}

@group(0) @binding(0) var<storage, read_write> counts: array<u32>;
@group(0) @binding(1) var<storage, read_write> text: array<u32>;
@group(0) @binding(2) var<storage, read> words: array<u32>;
@group(0) @binding(3) var<storage, read> patterns: array<u32>;
@group(0) @binding(4) var<storage, read> lengths: array<i32>;
@group(0) @binding(5) var<storage, read_write> bins: array<atomic<u32>>;
@group(0) @binding(6) var<uniform> params: Params;

alias Sum = u32;
const GROUP: u32 = 256u;

const LONGEST: u32 = 6u;
const STATES: u32 = 4096u;

var<workgroup> own_bins: array<atomic<u32>, STATES>;

fn letter(i: u32) -> u32 {
    if i < params.text_0 {
        return 97u + (words[i] >> 30u);
    }
    return 0u;
}

@compute @workgroup_size(256)
fn letters(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let word = (((group.y * grid.x) + group.x) * 256u) + local;
    let i = 4u * word;
    if i < params.text_0 {
        let low = letter(i) | (letter(i + 1u) << 8u);
        text[word] = low | ((letter(i + 2u) << 16u) | (letter(i + 3u) << 24u));
    }
}

// Four letters as eight bits. Words beyond the text only enter windows that are not counted.
fn packed(word: u32) -> u32 {
    let letters = text[min(word, (params.text_0 - 1u) / 4u)] - 0x61616161u;
    let low = (letters & 3u) | ((letters >> 6u) & 12u);
    return low | (((letters >> 12u) & 48u) | ((letters >> 18u) & 192u));
}

@compute @workgroup_size(256)
fn windows(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    for (var bin = local; bin < STATES; bin += 256u) {
        atomicStore(&own_bins[bin], 0u);
    }
    workgroupBarrier();
    let end = (params.text_0 + 3u) / 4u;
    for (var word = (group.x * 256u) + local; word < end; word += params.groups * 256u) {
        let twelve = (packed(word) | (packed(word + 1u) << 8u)) | (packed(word + 2u) << 16u);
        let starts = 4u * word;
        if (starts + LONGEST) <= params.text_0 {
            atomicAdd(&own_bins[twelve & 4095u], 1u);
        }
        if ((starts + 1u) + LONGEST) <= params.text_0 {
            atomicAdd(&own_bins[(twelve >> 2u) & 4095u], 1u);
        }
        if ((starts + 2u) + LONGEST) <= params.text_0 {
            atomicAdd(&own_bins[(twelve >> 4u) & 4095u], 1u);
        }
        if ((starts + 3u) + LONGEST) <= params.text_0 {
            atomicAdd(&own_bins[(twelve >> 6u) & 4095u], 1u);
        }
    }
    workgroupBarrier();
    for (var bin = local; bin < STATES; bin += 256u) {
        let count = atomicLoad(&own_bins[bin]);
        if count > 0u {
            atomicAdd(&bins[bin], count);
        }
    }
}

fn byte(of_words: u32, at: u32) -> u32 {
    return (of_words >> (8u * (at % 4u))) & 255u;
}

fn matches(start: u32, first: u32, length: u32) -> bool {
    if (start + length) > params.text_0 {
        return false;
    }
    for (var j = 0u; j < length; j += 1u) {
        let at = start + j;
        let expected = first + j;
        if byte(text[at / 4u], at) != byte(patterns[expected / 4u], expected) {
            return false;
        }
    }
    return true;
}

@compute @workgroup_size(256)
fn collect(@builtin(workgroup_id) group: vec3<u32>, lane: Lane) {
    let first = group.x * LONGEST;
    let length = u32(lengths[group.x]);
    var state = 0u;
    for (var j = 0u; j < length; j += 1u) {
        let at = first + j;
        state |= (byte(patterns[at / 4u], at) - 97u) << (2u * j);
    }
    let mask = (1u << (2u * length)) - 1u;
    let local = lane_place(lane);
    var found = 0u;
    for (var bin = local; bin < STATES; bin += 256u) {
        if (bin & mask) == state {
            found += atomicLoad(&bins[bin]);
        }
    }
    // The starts without a whole window: the last five.
    let whole = max(params.text_0, LONGEST - 1u) - (LONGEST - 1u);
    let start = whole + local;
    if (start < params.text_0) && matches(start, first, length) {
        found += 1u;
    }
    let total = group_sum(lane, found);
    if local == 0u {
        counts[group.x] = total;
    }
}
