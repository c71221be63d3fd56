//! A program in a runtime's place that tries what a taken-over app would try. For tests only.
//!
//! It reads from its bucket what there is to attack, writes to its bucket what came of each try,
//! and then uses up memory until it is stopped.

use serde_json::{Map, Value, json};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const BUCKET: &str = "/app/data/files";
/// `AF_ALG`, `AF_VSOCK`, `AF_XDP`, `AF_PACKET`, `AF_BLUETOOTH`, `AF_KEY`.
const ODD_FAMILIES: [u16; 6] = [38, 40, 44, 17, 31, 15];
/// Calls that reach far into the kernel, by their numbers on x86-64.
const CALLS: &[(&str, u32)] = &[
    ("ptrace", 101),
    ("keyctl", 250),
    ("unshare", 272),
    ("perf_event_open", 298),
    ("process_vm_readv", 310),
    ("bpf", 321),
    ("userfaultfd", 323),
    ("io_uring_setup", 425),
    ("open_tree", 428),
    ("fsopen", 430),
    ("clone3", 435),
    ("a call of a kernel to come", 999),
];
const RUN: &str = "/run/instance";

fn main() -> io::Result<()> {
    let targets = fs::read(Path::new(BUCKET).join("targets.json"))?;
    let targets: Value = serde_json::from_slice(&targets)?;
    if targets["pretend"] == true {
        return pretend(&targets);
    }
    if let Some(bytes) = targets["long_winded"].as_u64() {
        return say_without_end(usize::try_from(bytes).expect("a size"));
    }
    let mut findings = Map::new();
    files(&targets, &mut findings);
    processes(&targets, &mut findings);
    networks(&targets, &mut findings);
    databases(&targets, &mut findings);
    privileges(&mut findings);
    findings.insert("processes_started".to_owned(), json!(fork_without_end()));
    let file = Path::new(BUCKET).join("findings.new");
    fs::write(&file, serde_json::to_vec_pretty(&findings)?)?;
    fs::rename(file, Path::new(BUCKET).join("findings.json"))?;
    println!("nothing left to try but memory");
    eat_memory();
    Ok(())
}

/// Answers as a runtime does until it is to start the app: then it says why not in `bytes` of text, and writes as
/// much to its log, without the end of a line.
fn say_without_end(bytes: usize) -> io::Result<()> {
    io::stdout().write_all(&b"\x1b[31mx".repeat(bytes / 6))?;
    io::stdout().flush()?;
    let listener = UnixListener::bind(Path::new(RUN).join("admin.sock"))?;
    for stream in listener.incoming() {
        let mut reader = BufReader::new(stream?);
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line)? > 2 {
            let field = line.to_ascii_lowercase();
            if let Some(value) = field.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let asked: Value = serde_json::from_slice(&body)?;
        let answer = if asked["action"] == "start" {
            json!({ "result": 12, "message": "\0\u{1b}x".repeat(bytes / 13) })
        } else {
            json!({ "result": 0, "feedback": {} })
        };
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        let stream = reader.get_mut();
        // Whoever reads no further has heard enough.
        drop(
            stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(answer.as_bytes())),
        );
    }
    Ok(())
}

/// Puts links where the engine looks for a socket and a log.
fn pretend(targets: &Value) -> io::Result<()> {
    fs::remove_file(Path::new(RUN).join("log"))?;
    symlink(text(targets, "secret_file"), Path::new(RUN).join("log"))?;
    symlink(
        text(targets, "cell_socket"),
        Path::new(RUN).join("admin.sock"),
    )?;
    std::thread::sleep(Duration::from_mins(10));
    Ok(())
}

fn files(targets: &Value, findings: &mut Map<String, Value>) {
    for name in ["other_bucket", "data_folder", "workspace"] {
        let outcome = fs::read_dir(text(targets, name)).map(Iterator::count);
        note(
            findings,
            &format!("read {name}"),
            outcome.map(|count| count.to_string()),
        );
    }
    for path in [
        "/etc/shadow",
        "/root",
        "/home",
        "/var",
        "/work",
        "/proc/kcore",
    ] {
        let outcome = fs::File::open(path).and_then(|mut file| {
            let mut byte = [0];
            // An empty stand-in is as good as nothing.
            if file.read(&mut byte)? == 0 {
                Err(io::Error::other("empty"))
            } else {
                Ok("read".to_owned())
            }
        });
        note(findings, &format!("open {path}"), outcome);
    }
    for path in [
        "/usr/bin/own",
        "/cell",
        "/runtime",
        "/app/model/own",
        "/etc/own",
        "/own",
    ] {
        let outcome = fs::OpenOptions::new().create(true).append(true).open(path);
        note(
            findings,
            &format!("write {path}"),
            outcome.map(|_| "opened".to_owned()),
        );
    }
    let outcome = UnixStream::connect(text(targets, "cell_socket"));
    note(
        findings,
        "connect cell_socket",
        outcome.map(|_| "connected".to_owned()),
    );
}

fn processes(targets: &Value, findings: &mut Map<String, Value>) {
    let seen = fs::read_dir("/proc").map_or(0, |entries| {
        let names = entries.flatten().map(|entry| entry.file_name());
        names
            .filter(|name| name.to_string_lossy().parse::<u32>().is_ok())
            .count()
    });
    findings.insert("processes_seen".to_owned(), json!(seen));
    let pid = targets["neighbour_pid"]
        .as_i64()
        .and_then(|pid| i32::try_from(pid).ok());
    let pid = pid.and_then(rustix::process::Pid::from_raw).expect("a pid");
    let outcome = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    note(
        findings,
        "kill neighbour",
        outcome.map(|()| "sent".to_owned()).map_err(io::Error::from),
    );
    let memory = fs::File::open(format!("/proc/{}/mem", pid.as_raw_nonzero()));
    note(
        findings,
        "open neighbour memory",
        memory.map(|_| "opened".to_owned()),
    );
}

fn networks(targets: &Value, findings: &mut Map<String, Value>) {
    let wait = Duration::from_secs(2);
    for name in ["database_server", "apps", "outside"] {
        let address: SocketAddr = text(targets, name).parse().expect("an address");
        let outcome = TcpStream::connect_timeout(&address, wait);
        note(
            findings,
            &format!("connect {name}"),
            outcome.map(|_| "connected".to_owned()),
        );
    }
    let devices = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    let devices: Vec<&str> = devices
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.trim())
        .collect();
    findings.insert("network_devices".to_owned(), json!(devices));
}

fn databases(targets: &Value, findings: &mut Map<String, Value>) {
    let role = text(targets, "own_role");
    findings.insert(
        "own database".to_owned(),
        json!(postgres(role, role).unwrap_or_default()),
    );
    for name in ["other_database", "portal_database"] {
        note(
            findings,
            &format!("database {name}"),
            postgres(role, text(targets, name)),
        );
    }
}

/// The first message of a PostgreSQL session; "ready" when the server lets the role in.
fn postgres(user: &str, database: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect("/run/postgres/.s.PGSQL.5432")?;
    let mut body = vec![0, 3, 0, 0];
    for part in ["user", user, "database", database, ""] {
        body.extend(part.as_bytes());
        body.push(0);
    }
    let length = u32::try_from(body.len() + 4).expect("short");
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(&body)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut rest = vec![0; usize::try_from(length).expect("short") - 4];
        stream.read_exact(&mut rest)?;
        match head[0] {
            b'E' => {
                return Err(io::Error::other(
                    String::from_utf8_lossy(&rest).replace('\0', " "),
                ));
            }
            b'Z' => return Ok("ready".to_owned()),
            _ => {}
        }
    }
}

fn privileges(findings: &mut Map<String, Value>) {
    for (name, program, arguments) in [
        (
            "new namespaces",
            "/usr/bin/unshare",
            &["-Ur", "/bin/true"][..],
        ),
        ("mount", "/bin/mount", &["-t", "tmpfs", "tmpfs", "/tmp"][..]),
        ("become root", "/bin/su", &["-c", "/bin/true"][..]),
        (
            "make a device",
            "/bin/mknod",
            &["/tmp/sda", "b", "8", "0"][..],
        ),
    ] {
        let status = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let outcome = status.and_then(|status| {
            if status.success() {
                Ok("done".to_owned())
            } else {
                Err(io::Error::other(status.to_string()))
            }
        });
        note(findings, name, outcome);
    }
    for family in ODD_FAMILIES {
        let family = rustix::net::AddressFamily::from_raw(family);
        let made = rustix::net::socket(family, rustix::net::SocketType::SEQPACKET, None);
        let name = format!("socket of family {}", family.as_raw());
        note(
            findings,
            &name,
            made.map(|_| "made".to_owned()).map_err(io::Error::from),
        );
    }
    if cfg!(target_arch = "x86_64") {
        for (name, number) in CALLS {
            note(findings, &format!("call {name}"), call(*number));
        }
    }
    let score = fs::read_to_string("/proc/self/oom_score_adj").unwrap_or_default();
    findings.insert("oom_score_adj".to_owned(), json!(score.trim()));
    let lower = fs::write("/proc/self/oom_score_adj", "-500");
    note(
        findings,
        "lower oom_score_adj",
        lower.map(|()| "written".to_owned()),
    );
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    for field in ["CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "Uid"] {
        let prefix = format!("{field}:");
        let value = status.lines().find_map(|line| line.strip_prefix(&prefix));
        findings.insert(field.to_owned(), json!(value.unwrap_or_default().trim()));
    }
}

/// Makes a system call without arguments, by the only program that every system has for it; refused is what the
/// filter says does not exist, whatever the kernel would say of the arguments.
fn call(number: u32) -> io::Result<String> {
    let text = format!("$! = 0; syscall({number}, 0, 0, 0, 0, 0); print $! + 0");
    let output = Command::new("/usr/bin/perl").args(["-e", &text]).output()?;
    match String::from_utf8_lossy(&output.stdout).trim() {
        "38" => Err(io::Error::other("no such call")),
        other => Ok(other.to_owned()),
    }
}

/// Starts processes until it is no longer let; gives how many.
fn fork_without_end() -> usize {
    let mut children = Vec::new();
    while children.len() < 5_000 {
        match Command::new("/bin/sleep")
            .arg("600")
            .stdin(Stdio::null())
            .spawn()
        {
            Ok(child) => children.push(child),
            Err(_) => break,
        }
    }
    for child in &mut children {
        drop(child.kill());
        drop(child.wait());
    }
    children.len()
}

fn eat_memory() {
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    while eaten.len() < 4096 {
        eaten.push(vec![u8::try_from(eaten.len() % 251).unwrap_or(1); 1 << 20]);
    }
    println!("{} MiB were to be had", eaten.len());
}

fn note(findings: &mut Map<String, Value>, name: &str, outcome: io::Result<String>) {
    let value = match outcome {
        Ok(done) => json!({ "done": done }),
        Err(error) => json!({ "refused": error.to_string() }),
    };
    findings.insert(name.to_owned(), value);
}

fn text<'a>(targets: &'a Value, name: &str) -> &'a str {
    targets[name].as_str().expect(name)
}
