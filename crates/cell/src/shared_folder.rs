//! The folder an instance shares with the cell, read with the distrust that a tenant's files need.
//!
//! What lies in it was put there by a program that may have been taken over: a link to a file or
//! socket of the cell, a pipe that blocks whoever opens it. So nothing in it is followed, and a
//! socket is checked once and from then on reached by a name that the tenant cannot change.

use crate::disk;
use crate::init::Exit;
use crate::words;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::fd::AsRawFd;
use std::path::Path;

/// How much of a log's end is looked at.
const LOOKED_AT: u64 = 512 << 10;

/// Gives the socket `name` in `folder` a second name, `private`, which only the cell can change.
/// An error of the kind "not found" means that it is not there yet.
pub fn take_socket(folder: &Path, name: &str, private: &Path) -> io::Result<()> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let held = rustix::fs::open(folder.join(name), flags, Mode::empty())?;
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&held)?.st_mode);
    if kind != FileType::Socket {
        return Err(io::Error::other(format!("{name} is not a socket")));
    }
    disk::remove_file(private)?;
    // By the descriptor, so that it is exactly what was looked at.
    let exactly = format!("/proc/self/fd/{}", held.as_raw_fd());
    rustix::fs::linkat(CWD, exactly, CWD, private, AtFlags::SYMLINK_FOLLOW)?;
    Ok(())
}

/// How the runtime ended, if its first process could say so.
pub fn exit(folder: &Path) -> Option<Exit> {
    let mut text = Vec::new();
    let file = plain_file(&folder.join("exit.json")).ok()?;
    file.take(1 << 10).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The last `tail` lines of the log, oldest first.
pub fn log_tail(folder: &Path, tail: usize) -> Vec<String> {
    let mut lines = VecDeque::new();
    for name in ["log.1", "log"] {
        if let Ok(file) = plain_file(&folder.join(name)) {
            drop(append_tail(file, tail, &mut lines));
        }
    }
    lines.into()
}

fn append_tail(mut file: File, tail: usize, lines: &mut VecDeque<String>) -> io::Result<()> {
    let start = file.metadata()?.len().saturating_sub(LOOKED_AT);
    file.seek(SeekFrom::Start(start))?;
    let mut reader = BufReader::new(file.take(LOOKED_AT));
    let mut line = Vec::new();
    // What began before what is looked at is left out, unless nothing follows it.
    let mut counts = start == 0;
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        match text.strip_suffix('\n') {
            Some(text) if counts => lines.push_back(words::line(text)),
            Some(_) => {}
            None => lines.push_back(words::end_of_line(&text)),
        }
        counts = true;
        if lines.len() > tail {
            lines.pop_front();
        }
    }
}

fn plain_file(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("not a plain file"))
    }
}

#[cfg(test)]
mod tests {
    use super::{exit, log_tail, take_socket};
    use crate::init::Exit;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn a_link_leads_nowhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let elsewhere = tempfile::tempdir().expect("another");
        let secret = elsewhere.path().join("secret");
        std::fs::write(&secret, "{\"code\":7}\n").expect("written");
        let _listener = UnixListener::bind(elsewhere.path().join("s")).expect("bound");
        symlink(&secret, folder.path().join("log")).expect("linked");
        symlink(&secret, folder.path().join("exit.json")).expect("linked");
        symlink(elsewhere.path().join("s"), folder.path().join("admin.sock")).expect("linked");
        assert!(log_tail(folder.path(), 10).is_empty());
        assert_eq!(exit(folder.path()), None);
        let private = elsewhere.path().join("private");
        assert!(take_socket(folder.path(), "admin.sock", &private).is_err());
        assert!(take_socket(folder.path(), "log", &private).is_err());
        assert!(!private.exists());
    }

    #[test]
    fn a_taken_socket_is_reached_even_when_its_name_leads_elsewhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let private = folder.path().join("private");
        let name = folder.path().join("runtime.sock");
        let listener = UnixListener::bind(&name).expect("bound");
        take_socket(folder.path(), "runtime.sock", &private).expect("taken");
        std::fs::remove_file(&name).expect("removed");
        symlink("/nonexistent", &name).expect("linked");
        let _stream = UnixStream::connect(&private).expect("connected");
        listener.accept().expect("accepted");
    }

    #[test]
    fn the_end_of_a_line_without_end_is_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        for size in [10 << 10, 2 << 20] {
            let text = format!("{}\0the end", "x".repeat(size));
            std::fs::write(folder.path().join("log"), text).expect("written");
            let lines = log_tail(folder.path(), 10);
            assert_eq!(lines.len(), 1, "{size}");
            assert!(
                lines[0].starts_with("…x") && lines[0].ends_with("xthe end"),
                "{lines:?}"
            );
            assert!(lines[0].chars().count() <= 2_000);
        }
    }

    #[test]
    fn the_tail_goes_over_both_files() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("log.1"), "one\ntwo\n").expect("written");
        std::fs::write(folder.path().join("log"), "three\n").expect("written");
        assert_eq!(log_tail(folder.path(), 2), ["two", "three"]);
        std::fs::write(folder.path().join("log"), "three\nfour").expect("written");
        assert_eq!(log_tail(folder.path(), 2), ["three", "four"]);
        std::fs::write(folder.path().join("exit.json"), "{\"signal\":9}").expect("written");
        assert_eq!(exit(folder.path()), Some(Exit::Signal(9)));
    }
}
