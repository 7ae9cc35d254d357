// A sum of squares of u32 modulo 2^64, in two words, the lower one first.

// include: group_sum
// include: mul_high

alias Element = u32;
alias Total = vec2<u32>;
alias Sum = vec4<u32>;

fn and_square(total: Total, x: Element) -> Total {
    return joined(total, vec2<u32>(x * x, mul_high(x, x)));
}

fn joined(total: Total, other: Total) -> Total {
    let low = total.x + other.x;
    return vec2<u32>(low, (total.y + other.y) + select(0u, 1u, low < other.x));
}

// The words go through the workgroup's sum as four halves of 16 bits, each with room for 2^16
// additions; then what has grown over the top of one is carried to the next.
fn of_group(lane: Lane, total: Total) -> Total {
    let halves = vec4<u32>(total.x & 0xffffu, total.x >> 16u, total.y & 0xffffu, total.y >> 16u);
    let sum = group_sum(lane, halves);
    let second = sum.y + (sum.x >> 16u);
    let third = sum.z + (second >> 16u);
    let fourth = sum.w + (third >> 16u);
    return vec2<u32>((sum.x & 0xffffu) | (second << 16u), (third & 0xffffu) | (fourth << 16u));
}
