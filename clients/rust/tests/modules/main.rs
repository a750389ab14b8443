//! The modules of the crate: no circle between them, and no I/O, runtime or handle in those that are without. What a module
//! imports is what its source names, by `use` or by a path, tests left out.

mod graph;

use std::collections::BTreeSet;
use std::path::Path;

use graph::{Graph, Module};

/// Paths that begin like this are of a runtime, or of the machine that the program runs on.
const IO: [&str; 18] = [
    "futures_executor",
    "getrandom",
    "http_body_util",
    "hyper",
    "hyper_util",
    "native_tls",
    "rustix",
    "rustls",
    "std::fs",
    "std::io",
    "std::net",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "tokio_native_tls",
    "tokio_rustls",
    "tokio_tungstenite",
];

/// Whether it is one of those without I/O: in a folder `protocol`.
fn is_pure(module: &str) -> bool {
    module.split("::").any(|part| part == "protocol")
}

/// What is wrong, in words.
fn faults(graph: &Graph) -> Vec<String> {
    let mut faults: Vec<String> =
        graph.circle().map(|circle| format!("circle: {}", circle.join(" -> "))).into_iter().collect();
    for (name, module) in graph.modules.iter().filter(|(name, _)| is_pure(name)) {
        let Module { imports, foreign } = module;
        faults.extend(imports.iter().filter(|other| !is_pure(other)).map(|other| format!("{name} imports {other}")));
        let is_io = |path: &&String| IO.iter().any(|io| *path == io || path.starts_with(&format!("{io}::")));
        faults.extend(foreign.iter().filter(is_io).map(|path| format!("{name} imports {path}")));
    }
    faults
}

#[test]
fn form_no_circle_and_those_without_io_know_no_runtime_and_no_handle() {
    let graph = Graph::of_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let pure = graph.modules.keys().filter(|name| is_pure(name)).count();
    assert!(pure > 20 && graph.modules.len() > pure + 10, "{:?}", graph.modules.keys());
    let imports: BTreeSet<&str> = graph.modules["rooms::rooms_shell"].imports.iter().map(String::as_str).collect();
    assert!(imports.contains("driver") && imports.contains("rooms::protocol::rooms_effect"), "{imports:?}");
    assert_eq!(faults(&graph), [""; 0]);
}

#[test]
fn a_circle_is_found() {
    let of = |sources: &[(&str, &str)]| faults(&Graph::of_sources(sources));
    assert_eq!(of(&[("a", "use crate::b::B;"), ("b", "use super::a::A;")]), ["circle: a -> b -> a"]);
    let by_root = [("", "mod a; pub use a::A; pub use b::B;"), ("a", "use crate::{B, c::C};"), ("b", "")];
    assert_eq!(of(&by_root), ["circle: a -> crate -> a"]);
    let in_an_expression = [("a", "fn f() { g(&[crate::b::h()]) }"), ("b", "fn h() { vec![crate::a::f()]; }")];
    assert_eq!(of(&in_an_expression), ["circle: a -> b -> a"]);
    let by_three =
        [("a", "use crate::b::{x::Y as A, z};"), ("b::x", "use crate::c;"), ("b", ""), ("c", "use crate::{a};")];
    assert_eq!(of(&by_three), ["circle: a -> b::x -> c -> a"]);
}

#[test]
fn io_is_found_in_modules_that_are_without() {
    let of = |sources: &[(&str, &str)]| faults(&Graph::of_sources(sources));
    let forbidden = [
        "use tokio::sync::{Notify, oneshot};",
        "use futures_util::StreamExt; fn f() { let now = tokio::time::Instant::now(); }",
        "fn f() { tokio::select! { () = g() => {} } }",
        "fn f(stream: std::net::TcpStream) {}",
        "use std::{sync::Arc, time::{Duration, Instant}};",
    ];
    for source in forbidden {
        assert_eq!(
            of(&[("rooms::protocol::a", source)]).len(),
            if source.contains("oneshot") { 2 } else { 1 },
            "{source}"
        );
        assert_eq!(of(&[("rooms::a", source)]), [""; 0], "the shell may: {source}");
    }
    let of_the_shell = [("protocol::a", "use crate::driver::Shared;"), ("driver", "")];
    assert_eq!(of(&of_the_shell), ["protocol::a imports driver"]);
}

#[test]
fn tests_and_words_in_comments_are_no_imports() {
    let source = r#"
        //! As crate::driver does, with tokio::sync::Notify.
        use std::time::Duration;
        /// "tokio::spawn"
        fn f() -> &'static str { "tokio::spawn" }
        #[cfg(test)]
        use crate::driver::Shared;
        #[cfg(test)]
        mod tests { use tokio::sync::oneshot; }
    "#;
    assert_eq!(faults(&Graph::of_sources(&[("protocol::a", source), ("driver", "")])), [""; 0]);
}
