//! Real boxes: these tests need root, and fail without it.
mod causes;
mod support;
