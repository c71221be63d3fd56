//! The system calls that apps are let make: those that programs and the virtual machines of languages live on.
//!
//! Whatever is not named here does not exist for an app, also what kernels learn later. Libraries that try a newer
//! call first are told that there is none, and take the older one.

use oci_spec::OciSpecError;
use oci_spec::runtime::{
    LinuxSeccomp, LinuxSeccompAction, LinuxSeccompArg, LinuxSeccompArgBuilder, LinuxSeccompBuilder,
    LinuxSeccompOperator, LinuxSyscall, LinuxSyscallBuilder,
};

/// Files, folders, descriptors, waiting for them.
const FILES: &str = "access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 \
    epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd \
    eventfd2 faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl \
    fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstatfs fsync ftruncate futimesat getcwd \
    getdents getdents64 getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl lchown \
    lgetxattr link linkat listxattr llistxattr lremovexattr lseek lsetxattr lstat memfd_create mkdir mkdirat mknod \
    mknodat newfstatat open openat openat2 pipe pipe2 poll ppoll pread64 preadv preadv2 pselect6 pwrite64 pwritev \
    pwritev2 read readahead readlink readlinkat readv removexattr rename renameat renameat2 rmdir select sendfile \
    setxattr signalfd signalfd4 splice stat statfs statx symlink symlinkat sync sync_file_range syncfs tee truncate \
    umask unlink unlinkat utime utimensat utimes vmsplice write writev io_cancel io_destroy io_getevents \
    io_pgetevents io_setup io_submit";

/// Memory.
const MEMORY: &str = "brk cachestat madvise membarrier mincore mlock mlock2 mlockall mmap mprotect mremap mseal \
    msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages map_shadow_stack";

/// Processes, threads, signals, time.
const PROCESSES: &str = "alarm arch_prctl capget capset clock_getres clock_gettime clock_nanosleep execve execveat \
    exit exit_group fork futex futex_requeue futex_wait futex_waitv futex_wake get_robust_list get_thread_area \
    getcpu getegid geteuid getgid getgroups getitimer getpgid getpgrp getpid getppid getpriority getrandom \
    getresgid getresuid getrlimit getrusage getsid gettid gettimeofday getuid ioprio_get ioprio_set kill \
    landlock_add_rule landlock_create_ruleset landlock_restrict_self nanosleep pause pidfd_open pidfd_send_signal \
    prctl prlimit64 process_madvise process_mrelease restart_syscall rseq rt_sigaction rt_sigpending \
    rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo \
    sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam \
    sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler \
    sched_yield seccomp set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid setgroups \
    setitimer setpgid setpriority setregid setresgid setresuid setreuid setrlimit setsid setuid sigaltstack \
    sysinfo tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create \
    timerfd_gettime timerfd_settime times tkill uname vfork wait4 waitid";

/// Sockets that there are, and what processes of one instance share.
const BETWEEN: &str = "accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg \
    recvmsg sendmmsg sendmsg sendto setsockopt shutdown mq_getsetattr mq_notify mq_open mq_timedreceive \
    mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget";

/// `AF_UNIX`, `AF_INET`, `AF_INET6`: all that can lead anywhere from an app.
const FAMILIES: [u64; 3] = [1, 2, 10];
/// `AF_NETLINK` with `NETLINK_ROUTE`, by which programs list their own network's addresses.
const NETLINK: u64 = 16;
const NETLINK_ROUTE: u64 = 0;

/// `CLONE_NEWTIME` to `CLONE_NEWNET` together: with none of them a thread or a process stays where it is. The
/// flags of `clone3` are behind a pointer that no filter follows; libraries fall back to `clone`.
const NEW_NAMESPACES: u64 = 0x7E02_0080;

/// What `personality` may be asked and told: what is, and what is usual.
const PERSONALITIES: [u64; 5] = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xFFFF_FFFF];

const ENOSYS: u32 = 38;

type Built<T> = Result<T, OciSpecError>;

/// The filter, as `runc` reads it.
pub fn filter() -> Built<LinuxSeccomp> {
    let lists = [FILES, MEMORY, PROCESSES, BETWEEN];
    let names: Vec<&str> = lists.into_iter().flat_map(str::split_whitespace).collect();
    let mut rules = vec![allowed(&names).build()?];
    for family in FAMILIES {
        rules.push(allowed(&["socket"]).args([equal(0, family)?]).build()?);
    }
    let route = [equal(0, NETLINK)?, equal(2, NETLINK_ROUTE)?];
    rules.push(allowed(&["socket"]).args(route).build()?);
    rules.push(
        allowed(&["socketpair"])
            .args([equal(0, FAMILIES[0])?])
            .build()?,
    );
    rules.push(clone_within()?);
    for personality in PERSONALITIES {
        let told = [equal(0, personality)?];
        rules.push(allowed(&["personality"]).args(told).build()?);
    }
    LinuxSeccompBuilder::default()
        .default_action(LinuxSeccompAction::ScmpActErrno)
        .default_errno_ret(ENOSYS)
        .syscalls(rules)
        .build()
}

fn allowed(names: &[&str]) -> LinuxSyscallBuilder {
    let names: Vec<String> = names.iter().copied().map(str::to_owned).collect();
    LinuxSyscallBuilder::default()
        .names(names)
        .action(LinuxSeccompAction::ScmpActAllow)
}

fn equal(index: usize, value: u64) -> Built<LinuxSeccompArg> {
    LinuxSeccompArgBuilder::default()
        .index(index)
        .value(value)
        .op(LinuxSeccompOperator::ScmpCmpEq)
        .build()
}

fn clone_within() -> Built<LinuxSyscall> {
    let flags = LinuxSeccompArgBuilder::default()
        .index(0_usize)
        .value(NEW_NAMESPACES)
        .value_two(0_u64)
        .op(LinuxSeccompOperator::ScmpCmpMaskedEq);
    allowed(&["clone"]).args([flags.build()?]).build()
}

#[cfg(test)]
mod tests {
    use super::filter;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    #[test]
    fn what_is_not_named_does_not_exist_and_nothing_is_named_twice() {
        let filter: Value = serde_json::to_value(filter().expect("a filter")).expect("JSON");
        assert_eq!(filter["defaultAction"], "SCMP_ACT_ERRNO");
        assert_eq!(filter["defaultErrnoRet"], 38);
        let rules = filter["syscalls"].as_array().expect("rules");
        assert!(rules.iter().all(|rule| rule["action"] == "SCMP_ACT_ALLOW"));
        let names = rules[0]["names"].as_array().expect("names");
        let set: BTreeSet<&str> = names.iter().filter_map(Value::as_str).collect();
        assert_eq!(set.len(), names.len());
        for never in [
            "add_key",
            "bpf",
            "chroot",
            "clone",
            "clone3",
            "fsopen",
            "init_module",
            "io_uring_setup",
            "keyctl",
            "mount",
            "move_mount",
            "open_by_handle_at",
            "perf_event_open",
            "pidfd_getfd",
            "pivot_root",
            "process_vm_readv",
            "ptrace",
            "setns",
            "socket",
            "socketpair",
            "unshare",
            "userfaultfd",
        ] {
            assert!(!set.contains(never), "{never}");
        }
        let clone = rules.iter().find(|rule| rule["names"] == json!(["clone"]));
        let flags = &clone.expect("a rule")["args"][0];
        assert_eq!(
            (&flags["value"], &flags["valueTwo"]),
            (&json!(0x7E02_0080), &json!(0))
        );
    }
}
