//! Real boxes: these tests need root, and fail without it.
mod causes;
mod files;
mod inside;
mod life;
mod limits;
mod support;
