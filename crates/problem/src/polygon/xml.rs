//! A manifest as a tree whose every element knows the way to it, so that errors can say where.

use roxmltree::{Document, Node, ParsingOptions};

use crate::PackageError;
use crate::bounds::{MAX_ATTRIBUTES, MAX_NODES, MAX_XML_DEPTH};
use crate::error::one_line;

/// Reads XML without a document type: no entities, nothing from outside.
///
/// # Errors
/// [`PackageError::Xml`] with the line.
pub(crate) fn parse<'a>(text: &'a str, file: &str) -> Result<Document<'a>, PackageError> {
    check_form(text).map_err(|(at, problem)| {
        let before = text.as_bytes().get(..at).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        PackageError::Xml { file: file.to_owned(), line, problem }
    })?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..Default::default() };
    Document::parse_with_options(text, options).map_err(|error| PackageError::Xml {
        file: file.to_owned(),
        line: error.pos().row,
        problem: one_line(error.to_string()),
    })
}

/// Refuses, before anything is built of it, what would take the parser long or much memory. The
/// error is where, and what; what is no XML at all is left to the parser.
fn check_form(text: &str) -> Result<(), (usize, String)> {
    if text.matches("xmlns").nth(MAX_ATTRIBUTES).is_some() {
        return Err((0, format!("more than {MAX_ATTRIBUTES} name spaces")));
    }
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(tag) = text.get(at..).and_then(|rest| rest.find('<')).map(|next| at + next) {
        let rest = text.get(tag..).unwrap_or_default();
        let special = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];
        if let Some((_, end)) = special.iter().find(|(start, _)| rest.starts_with(start)) {
            let Some(length) = rest.find(end) else { return Ok(()) };
            at = tag + length + end.len();
            continue;
        }
        let Some((length, attributes)) = measured(rest) else { return Ok(()) };
        at = tag + length;
        if attributes > MAX_ATTRIBUTES {
            return Err((tag, format!("an element of more than {MAX_ATTRIBUTES} attributes")));
        }
        if rest.starts_with("</") {
            depth = depth.saturating_sub(1);
        } else if !rest.get(..length).unwrap_or_default().ends_with("/>") {
            depth += 1;
        }
        if depth > MAX_XML_DEPTH {
            return Err((tag, format!("elements more than {MAX_XML_DEPTH} deep")));
        }
    }
    Ok(())
}

/// The length of the tag that a text begins with, and how many attributes it has.
fn measured(tag: &str) -> Option<(usize, usize)> {
    let (mut quote, mut attributes) = (None, 0);
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => attributes += 1,
            (None, b'>') => return Some((at + 1, attributes)),
            (None, _) => {}
        }
    }
    None
}

/// What is wrong with an element that nobody here reads.
pub(crate) const UNKNOWN: &str = "no element that is known here";

/// An element of the manifest.
#[derive(Debug, Clone)]
pub(crate) struct Element<'a> {
    node: Node<'a, 'a>,
    file: &'a str,
    way: String,
}

impl<'a> Element<'a> {
    /// The document's element, which must have that name.
    ///
    /// # Errors
    /// When it has another.
    pub(crate) fn root(
        document: &'a Document<'a>,
        file: &'a str,
        name: &str,
    ) -> Result<Self, PackageError> {
        let node = document.root_element();
        let root = Self { node, file, way: String::new() };
        if node.tag_name().name() == name {
            return Ok(root);
        }
        let found = node.tag_name().name();
        Err(root.wrong(name, format!("the document is a `{found}`, expected a `{name}`")))
    }

    /// An error about this element, or about what is below it.
    pub(crate) fn wrong(&self, below: &str, problem: String) -> PackageError {
        let (field, problem) = (one_line(self.to(below)), one_line(problem));
        PackageError::Field { file: self.file.to_owned(), field, problem }
    }

    /// The manifest's name in errors.
    pub(crate) const fn file(&self) -> &'a str {
        self.file
    }

    /// The way to something below: an element's name, or `@` and an attribute's.
    pub(crate) fn to(&self, below: &str) -> String {
        if self.way.is_empty() || below.is_empty() || below.starts_with('@') {
            format!("{}{below}", self.way)
        } else {
            format!("{}/{below}", self.way)
        }
    }

    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<Self> {
        let node = self.node.children().find(|node| node.has_tag_name(name))?;
        Some(Self { node, file: self.file, way: self.to(name) })
    }

    /// The first child of that name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn need(&self, name: &str, expected: &str) -> Result<Self, PackageError> {
        self.child(name).ok_or_else(|| self.wrong(name, format!("missing; expected {expected}")))
    }

    /// The children of one name inside the first child of another, as in `tests/test`, numbered
    /// from 1 in errors.
    pub(crate) fn list(&self, list: &str, name: &'static str) -> Vec<Self> {
        self.child(list).map(|list| list.all(name)).unwrap_or_default()
    }

    /// The children of one name, numbered from 1 in errors.
    pub(crate) fn all(&self, name: &'static str) -> Vec<Self> {
        self.node
            .children()
            .filter(|node| node.has_tag_name(name))
            .enumerate()
            .map(|(index, node)| {
                let way = self.to(&format!("{name}[{}]", index + 1));
                Self { node, file: self.file, way }
            })
            .collect()
    }

    /// Refuses an element below this one, at any depth, that is none of those.
    ///
    /// # Errors
    /// The first other one, by its way.
    pub(crate) fn check_below(&self, known: &[&str]) -> Result<(), PackageError> {
        let inner = self.node.descendants().filter(Node::is_element);
        let mut others = inner.filter(|node| *node != self.node);
        let unknown = others.find(|node| !known.contains(&node.tag_name().name()));
        let Some(unknown) = unknown else { return Ok(()) };
        let around: Vec<&str> = unknown
            .ancestors()
            .take_while(|node| *node != self.node)
            .map(|node| node.tag_name().name())
            .collect();
        let way: Vec<&str> = around.into_iter().rev().collect();
        Err(self.wrong(&way.join("/"), UNKNOWN.to_owned()))
    }

    /// The names of the elements directly below this one.
    pub(crate) fn names(&self) -> Vec<&'a str> {
        let inner = self.node.children().filter(Node::is_element);
        inner.map(|node| node.tag_name().name()).collect()
    }

    /// The same element under another name in errors.
    pub(crate) fn called(mut self, way: String) -> Self {
        self.way = way;
        self
    }

    /// An attribute, without the white space around it; `None` when it is absent or empty.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.node.attribute(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// An attribute that has to be there.
    ///
    /// # Errors
    /// When it is absent or empty.
    pub(crate) fn need_attribute(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<&'a str, PackageError> {
        let missing = || self.wrong(&format!("@{name}"), format!("missing; expected {expected}"));
        self.attribute(name).ok_or_else(missing)
    }

    /// The text of the element, its comments left out, without the white space around it.
    pub(crate) fn text(&self) -> String {
        let texts = self.node.children().filter(Node::is_text);
        texts.filter_map(|node| node.text()).collect::<String>().trim().to_owned()
    }

    /// The whole number in the child of that name.
    ///
    /// # Errors
    /// When the child is missing or holds anything else.
    pub(crate) fn number(&self, name: &str, expected: &str) -> Result<u64, PackageError> {
        let child = self.need(name, expected)?;
        let text = child.text();
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number.ok_or_else(|| child.wrong("", format!("`{text}`; expected {expected}")))
    }

    /// The points in an attribute: a decimal number, not negative.
    ///
    /// # Errors
    /// When it is anything else.
    pub(crate) fn points(&self) -> Result<Option<f64>, PackageError> {
        let Some(text) = self.attribute("points") else { return Ok(None) };
        let decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let points = if decimal { text.parse::<f64>().ok() } else { None };
        let points = points.filter(|points| (0.0..=1e9).contains(points)).ok_or_else(|| {
            self.wrong("@points", format!("`{text}`; expected a decimal number such as 12.5"))
        })?;
        Ok(Some(points))
    }
}
