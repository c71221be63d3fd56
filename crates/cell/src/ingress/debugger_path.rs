//! Which paths are the debugger's, in whatever way they are written.

/// Whether a server may take `path` for `/debugger` or something below it.
///
/// Servers decode, tidy and cut paths before they look at them; each of these ways must lead to where the plain one
/// leads.
pub(super) fn is_debuggers(path: &str) -> bool {
    let odd = |byte: u8| matches!(byte, b'%' | b';' | b'\\');
    let plain = !path.bytes().any(odd) && !path.contains("//") && !path.contains("/.");
    if plain {
        return path == "/debugger" || path.starts_with("/debugger/");
    }
    let decoded = decoded(path);
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in decoded.split(|byte| matches!(byte, b'/' | b'\\')) {
        let name = segment
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default();
        match name {
            b"" | b"." => {}
            b".." => drop(segments.pop()),
            _ => segments.push(name),
        }
    }
    segments.first().is_some_and(|first| *first == b"debugger")
}

fn decoded(path: &str) -> Vec<u8> {
    let mut rest = path.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|_| byte == b'%');
        let digits = digits.and_then(|it| std::str::from_utf8(it).ok());
        let meant = digits.and_then(|it| u8::from_str_radix(it, 16).ok());
        decoded.push(meant.unwrap_or(byte));
        rest = if meant.is_some() {
            &behind[2..]
        } else {
            behind
        };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::is_debuggers;

    #[test]
    fn each_way_of_writing_the_path_is_known() {
        for path in [
            "/debugger",
            "/debugger/",
            "/debugger/a",
            "//debugger",
            "///debugger//x",
            "/%64ebugger",
            "/%64%65bugger/",
            "/debugger%2Fa",
            "/%2fdebugger",
            "/./debugger",
            "/a/../debugger",
            "/a/%2e%2E/debugger",
            "/debugger;v=1/x",
            "/;a/debugger",
            "/..;/debugger",
            "/\\debugger",
        ] {
            assert!(is_debuggers(path), "{path}");
        }
        for path in [
            "/",
            "/debuggers",
            "//debuggers",
            "/a/debugger",
            "/debugger/../a",
            "/%2564ebugger",
            "/debugge%",
            "/de%",
            "/;debugger",
            "*",
        ] {
            assert!(!is_debuggers(path), "{path}");
        }
    }
}
