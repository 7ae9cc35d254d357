// The upper half of a product of 32 by 32 bits, which WGSL has no function for: put together from
// four products of 16 by 16.

fn mul_high(a: u32, b: u32) -> u32 {
    let a_low = a & 0xffffu;
    let a_high = a >> 16u;
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let low = a_low * b_low;
    // At most 0xfffe0001 + 0xffff + 0xffff: no overflow.
    let middle = (a_high * b_low) + (low >> 16u);
    let carry = (a_low * b_high) + (middle & 0xffffu);
    return ((a_high * b_high) + (middle >> 16u)) + (carry >> 16u);
}
