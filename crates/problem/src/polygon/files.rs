//! The files a manifest names: sources, their companions, resources, generators.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use minos_model::LanguageId;

use super::testset::Numbered;
use super::xml::Element;
use crate::lines::turned;
use crate::open::Opened;
use crate::relative::{base_name, folder, normalise, stem_and_extension};
use crate::tree::io;
use crate::{Include, IncludeFor, IncludeStage, Input, Languages, PackageError, Resource, Tool};

/// Extensions of files that C and C++ programs include.
const HEADERS: [&str; 7] = ["h", "hh", "hpp", "hxx", "inc", "ipp", "tpp"];

/// What the manifest and the package say about files.
#[derive(Debug)]
pub(super) struct Files<'a> {
    opened: &'a Opened,
    languages: &'a Languages,
    /// Resources with their paths within the package.
    resources: Vec<(String, Resource)>,
    /// Sources of executables, by way in the manifest: path and type.
    executables: Vec<(String, Option<String>)>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("label", &self.label).finish_non_exhaustive()
    }
}

impl<'a> Files<'a> {
    pub(super) fn read(
        opened: &'a Opened,
        languages: &'a Languages,
        root: &Element<'_>,
    ) -> Result<Self, PackageError> {
        let mut files = Self { opened, languages, resources: Vec::new(), executables: Vec::new() };
        let Some(listed) = root.child("files") else { return Ok(files) };
        for file in listed.list("resources", "file") {
            if let Some(resource) = files.resource(&file)? {
                files.resources.push(resource);
            }
        }
        for executable in listed.list("executables", "executable") {
            // Old packages list executables that are binaries only; they matter when a test or
            // nobody asks for them.
            if let Some(source) = executable.child("source") {
                let path = files.named(&source)?;
                let kind = source.attribute("type").map(str::to_owned);
                files.executables.push((path, kind));
            }
        }
        Ok(files)
    }

    /// Whether the package holds a file.
    pub(super) fn holds(&self, path: &str) -> bool {
        self.opened.tree.holds(path)
    }

    /// Where a file of the package lies.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.opened.tree.path(path)
    }

    /// Where a file of the package lies with LF at the ends of its lines, as the tests have them;
    /// where it would lie when the package does not hold it.
    pub(super) fn unix(&self, path: &str) -> Result<PathBuf, PackageError> {
        let original = self.path(path);
        if !self.holds(path) {
            return Ok(original);
        }
        let text = fs::read(&original).map_err(|source| io(&original, "read", source))?;
        let Some(turned) = turned(&text) else { return Ok(original) };
        let copy = self.opened.scratch.path().join("lines").join(path);
        let made = copy.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&copy, turned))
            .map_err(|source| io(&copy, "write", source))?;
        Ok(copy)
    }

    /// The language of a source, by its type; by its extension when the manifest gives no type.
    fn language(&self, path: &str, kind: Option<&str>) -> Option<LanguageId> {
        let language = match kind {
            Some(kind) => self.languages.by_polygon_type(kind),
            None => self.languages.by_extension(Path::new(path)),
        };
        language.map(|language| language.id.clone())
    }

    /// The path that an element's `path` names, whether or not the file is there.
    pub(super) fn named(&self, element: &Element<'_>) -> Result<String, PackageError> {
        let name = element.need_attribute("path", "the path of a file of the package")?;
        match normalise(name) {
            Ok(Some(path)) => Ok(path),
            Ok(None) => Err(element.wrong("@path", format!("`{name}` names no file"))),
            Err(problem) => Err(element.wrong("@path", format!("`{name}`: {problem}"))),
        }
    }

    /// The file of an element that has to be in the package.
    pub(super) fn existing(&self, element: &Element<'_>) -> Result<String, PackageError> {
        let path = self.named(element)?;
        if self.holds(&path) { Ok(path) } else { Err(missing(element, "@path", path, "")) }
    }

    /// The program of a `source` element.
    pub(super) fn tool(&self, source: &Element<'_>) -> Result<Tool, PackageError> {
        let path = self.existing(source)?;
        Ok(self.tool_at(&path, source.attribute("type")))
    }

    /// The program of a `source` element that judging does not need: its file may be missing, which
    /// whoever verifies the package is told.
    pub(super) fn tool_named(&self, source: &Element<'_>) -> Result<Tool, PackageError> {
        let path = self.named(source)?;
        Ok(self.tool_at(&path, source.attribute("type")))
    }

    /// The program in a file of the package.
    pub(super) fn tool_at(&self, path: &str, kind: Option<&str>) -> Tool {
        let (stem, extension) = stem_and_extension(path);
        let language = self.language(path, kind);
        let kind = kind.map_or(extension, str::to_owned);
        Tool {
            name: stem.to_owned(),
            source: self.path(path),
            language,
            resources: self.companions(path, &kind),
            further: Vec::new(),
            scripts: None,
            kind,
        }
    }

    /// Files that lie beside a program when it is compiled or run, each base name once: for C and
    /// C++ the headers beside the source, then those in `files/`, then those listed as resources,
    /// and a `testlib.h` in any case; for other languages the resources with the same extension.
    pub(super) fn companions(&self, source: &str, kind: &str) -> Vec<PathBuf> {
        let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
        let mut add = |path: &str| {
            if path != source {
                found.entry(base_name(path).to_owned()).or_insert_with(|| self.path(path));
            }
        };
        let (_, extension) = stem_and_extension(source);
        if !matches!(kind.split('.').next(), Some("c" | "cpp" | "h" | "cc" | "cxx")) {
            for (path, _) in &self.resources {
                if stem_and_extension(path).1 == extension {
                    add(path);
                }
            }
            return found.into_values().collect();
        }
        for place in [folder(source), "files"] {
            self.opened.tree.in_folder(place).filter(|path| is_header(path)).for_each(&mut add);
        }
        for (path, resource) in &self.resources {
            if is_header(path) || resource.kind.as_deref().is_some_and(|k| k.starts_with("h.")) {
                add(path);
            }
        }
        found.entry("testlib.h".to_owned()).or_insert_with(|| self.opened.testlib.clone());
        found.into_values().collect()
    }

    /// The programs that tests are generated by, and every other executable whose source is here.
    pub(super) fn generators(&self, tests: &[Numbered]) -> Result<Vec<Tool>, PackageError> {
        let mut tools: Vec<Tool> = Vec::new();
        for (path, kind) in &self.executables {
            let known = tools.iter().any(|tool| tool.name == stem_and_extension(path).0);
            if self.holds(path) && !known {
                tools.push(self.tool_at(path, kind.as_deref()));
            }
        }
        for test in tests {
            let Input::Generated { command } = &test.test.input else { continue };
            let name = command.first().map_or("", String::as_str);
            if !tools.iter().any(|tool| tool.name == name) {
                tools.push(self.unlisted(name, test, &tools)?);
            }
        }
        for test in tests {
            let Input::Generated { command } = &test.test.input else { continue };
            let generator = tools.iter().find(|tool| Some(&tool.name) == command.first());
            if let Some(tool) = generator.filter(|tool| tool.language.is_none()) {
                let problem = format!(
                    "the generator's type `{}` is listed by no language file, and the package \
                     holds no input for test {}; add the type to one of \
                     cluster-config/languages/*.toml, or add the input",
                    tool.kind, test.test.name
                );
                return Err(test.wrong(problem));
            }
        }
        Ok(tools)
    }

    /// A generator that no executable lists: its source may still lie in `files/`.
    fn unlisted(&self, name: &str, test: &Numbered, known: &[Tool]) -> Result<Tool, PackageError> {
        let plain = !name.contains('/') && normalise(name).is_ok_and(|path| path.is_some());
        for extension in ["cpp", "c", "py"] {
            let path = format!("files/{name}.{extension}");
            if plain && self.holds(&path) {
                return Ok(self.tool_at(&path, None));
            }
        }
        let known: Vec<&str> = known.iter().map(|tool| tool.name.as_str()).collect();
        Err(test.wrong(format!(
            "`{name}` is no executable of this package ({}), nor is there a files/{name}.cpp, and \
             the package holds no input for test {}",
            if known.is_empty() { "it lists none".to_owned() } else { known.join(", ") },
            test.test.name
        )))
    }

    /// The resources that lie beside solutions.
    pub(super) fn includes(&self) -> Vec<Include> {
        let given = self.resources.iter().filter(|(_, resource)| resource.is_for("SOLUTION"));
        given.map(|(path, resource)| self.include(path, resource)).collect()
    }

    fn include(&self, path: &str, resource: &Resource) -> Include {
        let languages = if resource.for_types.is_empty() {
            IncludeFor::All
        } else {
            let meant = |kind: &String| self.languages.of_polygon_types(kind);
            IncludeFor::Only(resource.for_types.iter().flat_map(meant).collect())
        };
        let at = |stage: &str| resource.stages.iter().any(|name| name.eq_ignore_ascii_case(stage));
        let stage = match (at("COMPILE"), at("RUN")) {
            (true, false) => IncludeStage::Compile,
            (false, true) => IncludeStage::Run,
            (true, true) | (false, false) => IncludeStage::Both,
        };
        let name = base_name(path).to_owned();
        Include { name, path: resource.path.clone(), languages, stage }
    }

    pub(super) fn into_resources(self) -> Vec<Resource> {
        self.resources.into_iter().map(|(_, resource)| resource).collect()
    }

    /// A resource, when it is there. Style files and the like may be missing; what programs
    /// include may not, except testlib, which is vendored.
    fn resource(&self, file: &Element<'_>) -> Result<Option<(String, Resource)>, PackageError> {
        let path = self.named(file)?;
        let kind = file.attribute("type").map(str::to_owned);
        let names = |list: &str, name: &'static str| -> Vec<String> {
            file.list(list, name)
                .iter()
                .filter_map(|item| item.attribute("name").map(str::to_owned))
                .collect()
        };
        let assets = names("assets", "asset");
        if !self.holds(&path) {
            let needed = kind.is_some() || is_header(&path) || !assets.is_empty();
            if needed && base_name(&path) != "testlib.h" {
                return Err(missing(file, "@path", path, ""));
            }
            return Ok(None);
        }
        let for_types = file
            .attribute("for-types")
            .map(|types| types.split([';', ':', ',', ' ']).map(str::trim))
            .into_iter()
            .flatten()
            .filter(|kind| !kind.is_empty())
            .map(str::to_owned)
            .collect();
        let stages = names("stages", "stage");
        let resource = Resource { path: self.path(&path), kind, for_types, assets, stages };
        Ok(Some((path, resource)))
    }
}

fn is_header(path: &str) -> bool {
    HEADERS.contains(&stem_and_extension(path).1.as_str())
}

/// The error of a file that the manifest names and the package does not hold.
pub(super) fn missing(
    element: &Element<'_>,
    below: &str,
    missing: String,
    hint: &'static str,
) -> PackageError {
    PackageError::Missing {
        file: element.file().to_owned(),
        field: element.to(below),
        missing,
        hint,
    }
}
