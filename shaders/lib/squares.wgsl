// A sum of squares of floats: an invocation adds up some, its workgroup makes one value of those.
// Who includes this declares `const GROUP: u32` (see `group_sum`).

// include: group_sum

alias Element = real;
alias Total = real;
alias Sum = real;

fn and_square(total: Total, x: Element) -> Total {
    return total + (x * x);
}

fn joined(total: Total, other: Total) -> Total {
    return total + other;
}

fn of_group(lane: Lane, total: Total) -> Total {
    return group_sum(lane, total);
}
