//! Record to HTML, Markdown, CSV and JUnit.
#![forbid(unsafe_code)]
