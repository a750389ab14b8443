//! Which WebSocket close codes and HTTP statuses mean that the client should come back by itself (PROTOCOL.md, 1.4
//! and 8). Pure.

/// Whether a client should reconnect by itself after a close with this code.
pub(crate) fn should_reconnect(code: u16) -> bool {
    match code {
        // The end was wanted; the library broke RFC 6455; a message was not UTF-8, in too many pieces, or too big.
        1000 | 1002 | 1007 | 1008 | 1009 => false,
        4000..=4499 => false,
        _ => true,
    }
}

/// Whether an upgrade refused with this HTTP status may be tried again with the same credentials.
pub(crate) fn may_retry_upgrade(status: u16) -> bool {
    !matches!(status, 400 | 401 | 403)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of PROTOCOL.md themselves, so that neither can change alone.
    fn table(name: &str) -> Vec<Vec<String>> {
        // Read when the test runs: the crate's own package has no PROTOCOL.md, and must compile.
        let text =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../PROTOCOL.md")).expect("PROTOCOL.md");
        let start = text.find(&format!("<!-- table: {name} -->")).expect("the table");
        let end = start + text[start..].find("<!-- end -->").expect("its end");
        let rows = text[start..end].lines().filter(|line| line.starts_with('|')).skip(2);
        rows.map(|row| row.split('|').skip(1).map(|cell| cell.trim().to_owned()).collect()).collect()
    }

    #[test]
    fn obeys_each_close_code_of_the_protocol() {
        let rows = table("close codes");
        assert!(rows.len() > 10);
        for row in rows {
            let code = row[0].parse().expect("a code");
            assert_eq!(should_reconnect(code), row[2] == "yes", "{code}");
        }
    }

    #[test]
    fn obeys_the_ranges_for_other_codes() {
        assert!([1001, 1011, 3000, 4999].into_iter().all(should_reconnect));
        assert!(![4001, 4404, 4499].into_iter().any(should_reconnect));
    }

    #[test]
    fn tries_a_refused_upgrade_again_after_429_and_503_alone() {
        for row in table("refusals") {
            let status = row[0].parse().expect("a status");
            assert_eq!(may_retry_upgrade(status), [429, 503].contains(&status), "{status}");
        }
    }
}
