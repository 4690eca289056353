//! What goes into a box, and what is fetched from it.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::Path;

use minos_model::{Bytes, Cause, Ending};
use minos_sandbox::{
    Bind, Blob, BoxFile, Collect, Program, RunRequest, Sandbox, SandboxError, SetupStep, Sink,
    Template, Warden,
};

use crate::support::{config, limits, program, request, warden};

fn shell(script: &str) -> RunRequest {
    let args: Vec<OsString> = vec!["sh".into(), "-c".into(), script.into()];
    let mut request = RunRequest::new(Program::Path("/bin/sh".into()), args, limits(|_| {}));
    request.stdout = Sink::Keep;
    request
}

fn printed(warden: &mut Warden, request: &RunRequest) -> String {
    let run = warden.run(request).unwrap();
    String::from_utf8(run.stdout.unwrap().read(1 << 20).unwrap()).unwrap()
}

#[test]
fn files_and_descriptors_are_there_before_the_program_starts() {
    let mut warden = warden();
    let blob = |text: &str| Blob::from_bytes(text.as_bytes()).unwrap();
    let mut request =
        shell("cat a/b/one two; ls -l two | cut -c1-10; cat <&3; cat /proc/self/fd/4");
    for (path, text, executable) in [("a/b/one", "1\n", false), ("two", "2\n", true)] {
        request.files.push(BoxFile { path: path.into(), content: blob(text), executable });
    }
    request.descriptors = vec![blob("three\n"), blob("four\n")];
    for _ in 0..2 {
        assert_eq!(printed(&mut warden, &request), "1\n2\n-rwx------\nthree\nfour\n");
    }
}

#[test]
fn a_program_that_may_only_read_changes_nothing_in_its_directory() {
    let mut warden = warden();
    let attempts = [
        "echo x > new",
        "echo x >> given",
        "true > given",
        "rm given",
        "rm -r dir",
        "mkdir made",
        "mv given moved",
        "mv given /tmp/moved",
        "ln -s given link",
        "ln given link",
        "mkfifo pipe",
        "chmod 700 . dir given; echo x > dir/new",
        "(cd dir && echo x > inner)",
        "echo x > /w/new",
        "echo x > /tmp/t && mv /tmp/t /w/t",
        "truncate -s 0 given",
    ];
    let body: Vec<String> =
        attempts.iter().map(|it| format!("{{ {it}; }} 2>/dev/null && echo '{it}'")).collect();
    let allowed = "cat given; echo y > /tmp/t && cat /tmp/t; echo z > /dev/null && echo w >&2; ls";
    let mut request = shell(&format!("{}; {allowed}", body.join("; ")));
    let content = |text: &str| Blob::from_bytes(text.as_bytes()).unwrap();
    for (path, text) in [("given", "g\n"), ("dir/inner", "i\n")] {
        let content = content(text);
        request.files.push(BoxFile { path: path.into(), content, executable: false });
    }
    request.read_only = true;
    assert_eq!(printed(&mut warden, &request), "g\ny\ndir\ngiven\n");
    request.read_only = false;
    let text = printed(&mut warden, &request);
    assert!(text.starts_with("echo x > new\necho x >> given\n"), "each can be done: {text}");
}

#[test]
fn only_a_regular_file_of_the_box_with_one_name_is_fetched() {
    let mut warden = warden();
    let mut request = shell(
        "echo yes > plain; ln -s /etc/passwd link; echo x > two; ln two names; mkfifo pipe; \
         mkdir dir; echo deep > dir/deep; ln -s dir other; printf 12345 > five; printf 123456 > six",
    );
    let rows = [
        ("plain", Some("yes\n")),
        ("link", None),
        ("two", None),
        ("pipe", None),
        ("dir", None),
        ("dir/deep", Some("deep\n")),
        ("other/deep", None),
        ("missing", None),
        ("five", Some("12345")),
        ("six", None),
    ];
    let wanted = |(path, _): &(&str, _)| Collect { path: (*path).into(), max: Bytes::new(5) };
    request.collect = rows.iter().map(wanted).collect();
    let collected = warden.run(&request).unwrap().collected;
    for ((path, expected), blob) in rows.iter().zip(&collected) {
        let text = blob.as_ref().map(|blob| String::from_utf8(blob.read(100).unwrap()).unwrap());
        assert_eq!(text.as_deref(), *expected, "{path}");
    }
}

#[test]
fn a_survivor_cannot_change_what_is_fetched() {
    let mut warden = warden();
    let body = "int f = open(\"x\", O_CREAT | O_RDWR, 0600); write(f, \"a\", 1); \
                if (!fork()) for (;;) pwrite(f, \"b\", 1, 0), pwrite(f, \"a\", 1, 0);";
    let mut request = request(program("", body), limits(|_| {}));
    request.collect = vec![Collect { path: "x".into(), max: Bytes::new(1) }];
    let blob = warden.run(&request).unwrap().collected.remove(0).unwrap();
    let mut reader = blob.reader().unwrap();
    let mut content = String::new();
    reader.read_to_string(&mut content).unwrap();
    assert!(["a", "b"].contains(&content.as_str()), "{content}");
    assert_eq!(blob.read(9).unwrap(), content.as_bytes());
}

#[test]
fn binds_show_what_they_say_and_no_more() {
    let host = tempfile::tempdir().unwrap();
    std::fs::write(host.path().join("seen"), "seen\n").unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(host.path(), open).unwrap();
    let mut template = Template::default();
    template.binds.push(Bind::read_only(host.path(), "/data"));
    template.binds.push(Bind { writable: true, ..Bind::read_only(host.path(), "/w/in/here") });
    template.binds.push(Bind::read_only(host.path().join("seen"), "/tmp/file"));
    let exposed = template.expose(Path::new(&host.path().join("seen")));
    assert_eq!(exposed, Path::new("/tmp/file"));
    let mut warden = Sandbox::open(config()).unwrap().warden(0, template).unwrap();
    let script = "cat /data/seen /w/in/here/seen /tmp/file; echo 2>/dev/null >/data/no || echo ro; \
                  echo written > /w/in/here/yes; ls /.staged 2>/dev/null || echo hidden";
    assert_eq!(printed(&mut warden, &shell(script)), "seen\nseen\nseen\nro\nhidden\n");
    assert_eq!(std::fs::read_to_string(host.path().join("yes")).unwrap(), "written\n");
    assert!(!host.path().join("no").exists());
}

#[test]
fn what_cannot_be_set_up_names_the_step_and_the_subject() {
    let sandbox = Sandbox::open(config()).unwrap();
    let mut template = Template::default();
    template.binds.push(Bind::read_only("/no/such/path", "/data"));
    let error = sandbox.warden(0, template).unwrap_err();
    let SandboxError::Setup { step, errno, .. } = &error else { panic!("{error}") };
    assert_eq!((*step, *errno), (SetupStep::OpenBind, 2), "{error}");
    assert!(error.to_string().contains("/no/such/path"), "{error}");

    let mut warden = warden();
    let script = BoxFile {
        path: "x".into(),
        content: Blob::from_bytes(b"not a program").unwrap(),
        executable: true,
    };
    for (path, errno) in [("/no/such/program", 2), ("/etc/passwd", 13), ("/w/x", 8)] {
        let args = vec!["p".into()];
        let mut request = RunRequest::new(Program::Path(path.into()), args, limits(|_| {}));
        request.files = vec![script.clone()];
        let error = warden.run(&request).unwrap_err();
        let SandboxError::Setup { step, errno: got, subject, .. } = &error else {
            panic!("{path}: {error}")
        };
        assert_eq!((*step, *got), (SetupStep::Exec, errno), "{error}");
        assert_eq!(subject.as_deref(), Some(path), "{error}");
    }
    let request = shell("echo still here");
    assert_eq!(printed(&mut warden, &request), "still here\n");
}

#[test]
fn an_executable_that_the_kernel_refuses_is_its_makers_fault() {
    let mut warden = warden();
    let broken = [
        program("const char i[] __attribute__((section(\".interp\"))) = \"/nope\";", ""),
        Blob::from_bytes(b"not a program").unwrap(),
    ];
    for executable in broken {
        let report = warden.run(&request(executable, limits(|_| {}))).unwrap().report;
        assert_eq!((report.cause, report.ending), (Cause::Exited, Ending::Exited { code: 127 }));
    }
}

#[test]
fn a_slow_reader_gets_everything_though_the_program_has_ended() {
    let mut warden = warden();
    let (mut reader, writer) = std::io::pipe().unwrap();
    // More than the reader's pipe holds, less than the box's.
    let mut request = shell("head -c 200000 /dev/zero");
    request.stdout = Sink::Fd(writer.into());
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map(|_| bytes.len())
    });
    let report = warden.run(&request).unwrap().report;
    drop(request);
    assert_eq!(report.stdout_bytes.get(), 200_000);
    assert_eq!(reading.join().unwrap().unwrap(), 200_000);
}

#[test]
fn output_is_copied_to_a_descriptor_and_counted_or_given_away_whole() {
    let mut warden = warden();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut request = shell("echo out; echo err >&2");
    request.stdout = Sink::Fd(writer.try_clone().unwrap().into());
    request.stderr = Sink::Direct(writer.into());
    let report = warden.run(&request).unwrap().report;
    assert_eq!((report.stdout_bytes.get(), report.stderr_bytes.get()), (4, 0));
    drop(request);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["err", "out"]);
}
