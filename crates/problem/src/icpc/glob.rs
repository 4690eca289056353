//! Patterns of `submissions.yaml`: `*` within a name, and `{a,b}`.

/// Patterns without braces that a pattern with braces stands for. Bounded: a pattern that stands
/// for more is refused.
const MAX_EXPANDED: usize = 256;

/// A pattern, its braces expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<String>);

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.contains("**") || pattern.contains(['[', '?']) {
            return Err(format!("`{pattern}`: only `*` and `{{a,b}}` have a meaning"));
        }
        let mut left = vec![pattern.trim_end_matches('/').to_owned()];
        let mut done = Vec::new();
        while let Some(pattern) = left.pop() {
            let Some((before, rest)) = pattern.split_once('{') else {
                if pattern.contains('}') {
                    return Err(format!("`{pattern}`: a brace that is never opened"));
                }
                done.push(pattern);
                continue;
            };
            let Some((inner, after)) = rest.split_once('}') else {
                return Err(format!("`{pattern}`: a brace that is never closed"));
            };
            if inner.contains('{') {
                return Err(format!("`{pattern}`: braces within braces"));
            }
            // No name of the format has a space.
            let ones = inner.split(',').map(str::trim);
            left.extend(ones.map(|one| format!("{before}{one}{after}")));
            if left.len() + done.len() > MAX_EXPANDED {
                return Err(format!("stands for more than {MAX_EXPANDED} patterns"));
            }
        }
        Ok(Self(done))
    }

    /// Whether it fits a path, or a folder that the path lies in.
    pub(super) fn fits(&self, path: &str) -> bool {
        let fits_one = |pattern: &String| {
            let mut names = path.split('/');
            pattern.split('/').all(|part| names.next().is_some_and(|name| fits_name(part, name)))
        };
        self.0.iter().any(fits_one)
    }
}

/// Whether a pattern with `*` fits a name.
fn fits_name(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let Some((middle, last)) = rest.rsplit_once('*') else { return name.ends_with(rest) };
    for part in middle.split('*') {
        let Some(at) = name.find(part) else { return false };
        name = name.get(at + part.len()..).unwrap_or_default();
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_paths_and_everything_below_them() {
        for (pattern, path, fits) in [
            ("accepted", "accepted/a.py", true),
            ("accepted", "accepted", true),
            ("accepted", "accepted2/a.py", false),
            ("accepted/*", "accepted/a.py", true),
            ("accepted/*", "accepted", false),
            ("*/a.py", "wrong/a.py", true),
            ("*", "a/b", true),
            ("a*.py", "ab.py", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("*ab*", "xaby", true),
            ("a*a", "a", false),
            ("{simple,complex}.py", "simple.py", true),
            ("{simple,complex}.py", "other.py", false),
            ("{a,b}/{c,d}.{py,cpp}", "b/c.cpp", true),
            ("secret/{ 4 }{2, 3}", "secret/43", true),
            ("secret/*-easy", "secret/1-easy/t", true),
            ("secret/*-easy", "secret/1-hard/t", false),
        ] {
            assert_eq!(Glob::parse(pattern).unwrap().fits(path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn a_pattern_with_other_signs_is_refused() {
        let many = "{a,b}".repeat(9);
        for pattern in ["a/**", "[ab].py", "a?", "{a", "a}", "{a,{b}}", many.as_str()] {
            assert!(Glob::parse(pattern).is_err(), "{pattern}");
        }
        Glob::parse(&"{a,b}".repeat(7)).unwrap();
    }
}
