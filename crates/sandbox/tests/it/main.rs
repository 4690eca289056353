//! Real boxes: these tests need root, and fail without it.
#[cfg(test)]
mod around;
#[cfg(test)]
mod causes;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod files;
#[cfg(test)]
mod inside;
#[cfg(test)]
mod life;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod pressure;
#[cfg(test)]
mod support;
