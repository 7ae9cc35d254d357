//! Planted errors for the comparison.
