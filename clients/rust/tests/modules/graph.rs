//! Which module names which, read from the sources' tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What one module names: other modules of the crate, and paths of other crates.
#[derive(Default)]
pub struct Module {
    pub imports: BTreeSet<String>,
    pub foreign: BTreeSet<String>,
}

/// By their paths: `rooms::protocol::values`; the root is `crate`.
pub struct Graph {
    pub modules: BTreeMap<String, Module>,
}

impl Graph {
    /// The sources of a crate; those of its tests are left out.
    pub fn of_folder(folder: &Path) -> Self {
        let mut sources = Vec::new();
        collect(folder, &[], &mut sources);
        Self::of_sources(&sources.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>())
    }

    /// Modules by their paths, with their sources; the root has an empty path.
    pub fn of_sources(sources: &[(&str, &str)]) -> Self {
        let known: BTreeSet<&str> = sources.iter().map(|(name, _)| *name).collect();
        let modules = sources.iter().map(|(name, text)| {
            let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut paths = Vec::new();
            collect_paths(tokens, &[], &mut paths);
            let mut module = Module::default();
            for path in paths {
                match resolve(name, &path, &known) {
                    Some(other) if other == *name => {}
                    Some(other) => drop(module.imports.insert(shown(&other))),
                    None => drop(module.foreign.insert(path.join("::"))),
                }
            }
            (shown(name), module)
        });
        Self { modules: modules.collect() }
    }

    /// Modules of which each names the next one, and the last one is the first.
    pub fn circle(&self) -> Option<Vec<String>> {
        let mut done = BTreeSet::new();
        self.modules.keys().find_map(|name| self.circle_from(name, &mut Vec::new(), &mut done))
    }

    fn circle_from(&self, name: &str, way: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
        if let Some(start) = way.iter().position(|other| other == name) {
            return Some(way[start..].iter().cloned().chain([name.to_owned()]).collect());
        }
        if done.contains(name) {
            return None;
        }
        way.push(name.to_owned());
        let imports = self.modules.get(name).into_iter().flat_map(|module| &module.imports);
        let circle = imports.into_iter().find_map(|other| self.circle_from(other, way, done));
        way.pop();
        done.insert(name.to_owned());
        circle
    }
}

fn shown(name: &str) -> String {
    if name.is_empty() { "crate".to_owned() } else { name.to_owned() }
}

fn collect(folder: &Path, parent: &[String], sources: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if stem == "tests" || stem.ends_with("_tests") {
            continue;
        }
        let name = [parent, std::slice::from_ref(&stem)].concat();
        if path.is_dir() {
            collect(&path, &name, sources);
        } else {
            let name = if stem == "mod" || stem == "lib" { parent } else { &name };
            sources.push((name.join("::"), std::fs::read_to_string(&path).expect("a source")));
        }
    }
}

/// All paths of two parts or more, with those of a `use` written out.
fn collect_paths(tokens: TokenStream, prefix: &[String], paths: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is_colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' && is_for_tests(tokens.get(at)) => {
                at = after_item(&tokens, at + 1);
            }
            TokenTree::Group(group) => collect_paths(group.stream(), &[], paths),
            TokenTree::Ident(ident) if ident == "as" => at += 1,
            TokenTree::Ident(ident) => {
                let mut path = [prefix, &[ident.to_string()]].concat();
                while is_colon(at) && is_colon(at + 1) {
                    at += 2;
                    match tokens.get(at) {
                        Some(TokenTree::Ident(next)) => path.push(next.to_string()),
                        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                            collect_paths(group.stream(), &std::mem::take(&mut path), paths);
                        }
                        _ => break,
                    }
                    at += 1;
                }
                if path.len() > 1 {
                    paths.push(path);
                }
            }
            _ => {}
        }
    }
}

fn is_for_tests(attribute: Option<&TokenTree>) -> bool {
    matches!(attribute, Some(TokenTree::Group(group)) if group.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// Where the next item ends: with a semicolon, or with braces.
fn after_item(tokens: &[TokenTree], from: usize) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    tokens[from..].iter().position(is_end).map_or(tokens.len(), |index| from + index + 1)
}

/// The module that a path leads into; `None` for one of another crate. `known`: all modules.
fn resolve(module: &str, path: &[String], known: &BTreeSet<&str>) -> Option<String> {
    let mut at: Vec<&str> = module.split("::").filter(|part| !part.is_empty()).collect();
    let mut rest = path.iter().map(String::as_str).peekable();
    match *rest.peek()? {
        "crate" => {
            at.clear();
            rest.next();
        }
        "self" => drop(rest.next()),
        "super" => {
            while rest.next_if_eq(&"super").is_some() {
                at.pop();
            }
        }
        first => {
            let child = [at.as_slice(), &[first]].concat().join("::");
            if !known.contains(child.as_str()) {
                return None;
            }
        }
    }
    for part in rest {
        let longer = [at.as_slice(), &[part]].concat();
        if !known.contains(longer.join("::").as_str()) {
            break;
        }
        at = longer;
    }
    Some(at.join("::"))
}
