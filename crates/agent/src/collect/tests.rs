use super::*;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A host made of files, with the same numbers wherever they do not matter.
struct Host {
    dir: TempDir,
    collector: Collector,
}

const STAT: &str = "\
cpu  100 10 50 800 20 5 10 5 30 5
cpu0 50 5 25 400 10 2 5 3 15 2
cpu1 50 5 25 400 10 3 5 2 15 3
intr 600 1 2 3
ctxt 910
btime 1700000000
processes 220
procs_running 2
procs_blocked 0
softirq 39 0 4
";

const MEMINFO: &str = "\
MemTotal:        1000 kB
MemFree:          200 kB
MemAvailable:     500 kB
Buffers:          100 kB
Cached:           150 kB
SwapCached:         1 kB
Active:           300 kB
Inactive:         250 kB
Active(anon):      40 kB
SwapTotal:        400 kB
SwapFree:         300 kB
Dirty:              2 kB
Writeback:          3 kB
Mapped:             4 kB
Shmem:              5 kB
Slab:              80 kB
SReclaimable:      50 kB
SUnreclaim:        30 kB
PageTables:         6 kB
CommitLimit:      900 kB
Committed_AS:     700 kB
HugePages_Total:    7
HugePages_Free:     6
Hugepagesize:    2048 kB
";

const DISKSTATS: &str = "\
   7       0 loop0 1 1 1 1 1 1 1 1 1 1 1
   1       0 ram0 1 1 1 1 1 1 1 1 1 1 1
 259       0 nvme0n1 10 1 20 30 40 2 50 60 3 70 90 0 0 0 0 5 6
   8       1 sda1 1 2 3 4 5 6 7 8 9 10 11
";

const NET_DEV: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0: 1000 10 1 2 0 0 0 3 2000 20 3 4 0 0 0 0
  eth1:1 1 1 1 0 0 0 0 1 1 1 1 0 0 0 0
  down: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9
";

impl Host {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let root = dir.path();
        let roots = Roots {
            proc: root.join("proc"),
            sys: root.join("sys"),
            mounts: root.join("mounts"),
            utmp: root.join("utmp"),
        };
        let mut sessions = vec![0; 384 * 3];
        sessions[0] = 7;
        sessions[384] = 8;
        sessions[768] = 7;
        let collector = Collector::new("web 1".to_owned(), roots);
        let host = Self { dir, collector };
        for (name, content) in [
            ("proc/stat", STAT),
            ("proc/meminfo", MEMINFO),
            ("proc/vmstat", "pgpgin 11\npgpgout 12\npswpin 2\npswpout 3\n"),
            ("proc/diskstats", DISKSTATS),
            ("proc/net/dev", NET_DEV),
            ("proc/loadavg", "0.50 1.25 2.00 2/300 4000\n"),
            ("proc/uptime", "12345.67 20000.00\n"),
            ("proc/self/mountinfo", "1 0 8:1 / / rw,noatime - ext4 /dev/root rw\n"),
            ("proc/sys/kernel/random/entropy_avail", "256\n"),
            ("sys/class/net/lo/flags", "0x9\n"),
            ("sys/class/net/eth0/flags", "0x1003\n"),
            ("sys/class/net/down/flags", "0x1002\n"),
            ("mounts/x", ""),
        ] {
            host.put(name, content.as_bytes());
        }
        host.put("utmp", &sessions);
        for (pid, rest) in [
            ("1", "(init) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5"),
            ("2", "(a (b) c) R) R 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 12 0 5"),
            ("30", "(kworker) I 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5"),
            ("31", "(dd) D 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5"),
            ("32", "(gone) Z 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5"),
            ("33", "(gdb) t 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5"),
            ("34", "(new) Q 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 2 0 5"),
            ("35", "cut off"),
        ] {
            host.put(&format!("proc/{pid}/stat"), format!("{pid} {rest}").as_bytes());
        }
        fs::create_dir(host.dir.path().join("proc/99")).unwrap();
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn put(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Lines of one measurement, and the problems of the round.
    fn collect(&mut self, measurement: &str) -> (String, Vec<String>) {
        let mut out = Vec::new();
        let report = self.collector.collect(Timestamp(7), &mut out);
        let out = String::from_utf8(out).unwrap();
        assert_eq!(report.lines, out.lines().count());
        let prefix = format!("{measurement},");
        let lines: Vec<_> = out.lines().filter(|line| line.starts_with(&prefix)).collect();
        let root = format!("{}/", self.dir.path().display());
        let problems = report.problems.iter().map(|p| p.to_string().replace(&root, ""));
        (lines.join("\n"), problems.collect())
    }

    #[track_caller]
    fn check(&mut self, measurement: &str, expected: &str) {
        assert_eq!(self.collect(measurement).0, expected);
    }
}

#[test]
fn cpu_shares_are_of_the_time_between_two_rounds() {
    let mut host = Host::new();
    host.check("cpu", "");
    // One second of 100 ticks a processor; the second one stood still.
    let later = STAT
        .replace("cpu  100 10 50 800 20 5 10 5 30 5", "cpu  130 20 60 835 20 10 15 10 40 7")
        .replace("cpu0 50 5 25 400 10 2 5 3 15 2", "cpu0 80 15 35 435 5 7 10 8 25 4");
    host.put("proc/stat", later.as_bytes());
    host.check(
        "cpu",
        "cpu,cpu=cpu-total,host=web\\ 1 usage_user=20,usage_nice=8,usage_system=10,usage_idle=35,usage_iowait=0,usage_irq=5,usage_softirq=5,usage_steal=5,usage_guest=10,usage_guest_nice=2 7\n\
         cpu,cpu=cpu0,host=web\\ 1 usage_user=21.05263157894737,usage_nice=8.421052631578947,usage_system=10.526315789473685,usage_idle=36.8421052631579,usage_iowait=0,usage_irq=5.2631578947368425,usage_softirq=5.2631578947368425,usage_steal=5.2631578947368425,usage_guest=10.526315789473685,usage_guest_nice=2.1052631578947367 7",
    );
    // A processor that was away starts anew.
    host.put("proc/stat", b"cpu0 1 1 1 1 1 1 1 1\n");
    host.check("cpu", "");
}

#[test]
fn old_kernels_have_fewer_times() {
    let mut host = Host::new();
    host.put("proc/stat", b"cpu0 0 0 0 0\n");
    host.collect("cpu");
    host.put("proc/stat", b"cpu0 1 0 0 3\n");
    host.check(
        "cpu",
        "cpu,cpu=cpu0,host=web\\ 1 usage_user=25,usage_nice=0,usage_system=0,usage_idle=75,usage_iowait=0,usage_irq=0,usage_softirq=0,usage_steal=0,usage_guest=0,usage_guest_nice=0 7",
    );
}

#[test]
fn mem_is_in_bytes() {
    Host::new().check(
        "mem",
        "mem,host=web\\ 1 total=1024000i,available=512000i,used=512000i,available_percent=50,used_percent=50,free=204800i,cached=204800i,active=307200i,buffered=102400i,commit_limit=921600i,committed_as=716800i,dirty=2048i,huge_pages_free=6i,huge_page_size=2097152i,huge_pages_total=7i,inactive=256000i,mapped=4096i,page_tables=6144i,shared=5120i,slab=81920i,sreclaimable=51200i,sunreclaim=30720i,swap_cached=1024i,swap_free=307200i,swap_total=409600i,write_back=3072i 7",
    );
}

#[test]
fn swap_counts_pages_as_bytes() {
    let page = rustix::param::page_size();
    Host::new().check(
        "swap",
        &format!(
            "swap,host=web\\ 1 total=409600i,used=102400i,free=307200i,used_percent=25,in={}i,out={}i 7",
            2 * page,
            3 * page
        ),
    );
    let mut host = Host::new();
    host.put("proc/meminfo", b"MemTotal: 1 kB\nMemFree: 1 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
    fs::remove_file(host.path("proc/vmstat")).unwrap();
    host.check("swap", "swap,host=web\\ 1 total=0i,used=0i,free=0i,used_percent=0 7");
}

#[test]
fn disks_are_asked_where_they_are_mounted() {
    let (lines, problems) = Host::new().collect("disk");
    assert!(
        lines.starts_with("disk,path=/,device=root,fstype=ext4,mode=rw,host=web\\ 1 total="),
        "{lines}"
    );
    assert_eq!(lines.lines().count(), 1);
    assert_eq!(problems, [""; 0]);
}

#[test]
fn diskio_leaves_memory_and_loops_out() {
    Host::new().check(
        "diskio",
        "diskio,name=nvme0n1,host=web\\ 1 reads=10i,writes=40i,read_bytes=10240i,write_bytes=25600i,read_time=30i,write_time=60i,io_time=70i,weighted_io_time=90i,iops_in_progress=3i,merged_reads=1i,merged_writes=2i 7\n\
         diskio,name=sda1,host=web\\ 1 reads=1i,writes=5i,read_bytes=1536i,write_bytes=3584i,read_time=4i,write_time=8i,io_time=10i,weighted_io_time=11i,iops_in_progress=9i,merged_reads=2i,merged_writes=6i 7",
    );
}

#[test]
fn net_leaves_loopback_and_what_is_down_out() {
    Host::new().check(
        "net",
        "net,interface=eth0,host=web\\ 1 bytes_sent=2000i,bytes_recv=1000i,packets_sent=20i,packets_recv=10i,err_in=1i,err_out=3i,drop_in=2i,drop_out=4i 7\n\
         net,interface=eth1,host=web\\ 1 bytes_sent=1i,bytes_recv=1i,packets_sent=1i,packets_recv=1i,err_in=1i,err_out=1i,drop_in=1i,drop_out=1i 7",
    );
}

#[test]
fn system_has_what_can_be_read() {
    Host::new().check(
        "system",
        "system,host=web\\ 1 load1=0.5,load5=1.25,load15=2,n_cpus=2i,n_users=2i,uptime=12345i 7",
    );
    let mut host = Host::new();
    fs::remove_file(host.path("utmp")).unwrap();
    host.put("proc/loadavg", b"high\n");
    let (lines, problems) = host.collect("system");
    assert_eq!(lines, "system,host=web\\ 1 n_cpus=2i,uptime=12345i 7");
    assert_eq!(
        problems,
        [
            "read proc/loadavg: it does not start with three numbers",
            "read utmp: No such file or directory (os error 2)"
        ]
    );
}

#[test]
fn processes_are_counted_by_state() {
    Host::new().check(
        "processes",
        "processes,host=web\\ 1 running=1i,sleeping=1i,blocked=1i,zombies=1i,stopped=1i,idle=1i,dead=0i,paging=0i,parked=0i,unknown=1i,total=7i,total_threads=19i 7",
    );
}

#[test]
fn kernel_counts_since_the_start() {
    Host::new().check(
        "kernel",
        "kernel,host=web\\ 1 boot_time=1700000000i,context_switches=910i,interrupts=600i,processes_forked=220i,entropy_avail=256i,disk_pages_in=11i,disk_pages_out=12i 7",
    );
}

#[test]
fn what_cannot_be_read_is_reported_once() {
    let mut host = Host::new();
    fs::remove_file(host.path("proc/diskstats")).unwrap();
    host.put("proc/meminfo", b"nothing known\n");
    host.put("proc/net/dev", b"a\nb\n  eth0: 1 2 3\n");
    let (lines, problems) = host.collect("kernel");
    assert!(!lines.is_empty(), "the others are collected");
    assert_eq!(
        problems,
        [
            "read proc/net/dev: the line of eth0 has fewer than 16 counts",
            "read proc/meminfo: it has no MemTotal or no MemFree",
            "read proc/meminfo: it has no SwapTotal or no SwapFree",
            "read proc/diskstats: No such file or directory (os error 2)",
        ]
    );
    assert_eq!(host.collect("kernel").1, [""; 0]);
    host.put("proc/meminfo", MEMINFO.as_bytes());
    assert_ne!(host.collect("mem").0, "", "a file that is back is read again");
}

#[test]
fn an_empty_host_is_no_reason_to_panic() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().to_owned();
    let roots =
        Roots { proc: root.join("p"), sys: root.join("s"), mounts: root.clone(), utmp: root };
    let mut out = Vec::new();
    let report = Collector::new("h".to_owned(), roots).collect(Timestamp(1), &mut out);
    assert_eq!((report.lines, out.len()), (0, 0));
    assert!(report.problems.len() >= 8, "{:?}", report.problems);
}

#[test]
fn more_tags_do_not_replace_those_of_a_measurement() {
    let mut host = Host::new();
    let tags = [("region", "eu"), ("name", "mine"), ("host", "other")];
    host.collector = host.collector.with_tags(tags.map(|(n, v)| (n.to_owned(), v.to_owned())));
    let (lines, _) = host.collect("diskio");
    assert!(lines.starts_with("diskio,name=nvme0n1,host=web\\ 1,region=eu reads="), "{lines}");
    let (lines, _) = host.collect("kernel");
    assert!(lines.starts_with("kernel,host=web\\ 1,name=mine,region=eu boot_time="), "{lines}");
}

#[test]
fn this_host_can_be_read() {
    let mut collector = Collector::new(crate::hostname(), Roots::default());
    collector.collect(Timestamp(0), &mut Vec::new());
    std::thread::sleep(std::time::Duration::from_millis(50));
    let mut out = Vec::new();
    collector.collect(Timestamp(1), &mut out);
    let out = String::from_utf8(out).unwrap();
    for measurement in ["cpu", "mem", "disk", "system", "processes", "kernel"] {
        assert!(out.lines().any(|line| line.starts_with(&format!("{measurement},"))), "{out}");
    }
    let mut decoder =
        protocol::line::Decoder::new(out.as_bytes(), protocol::line::Precision::Ns, Timestamp(0));
    let identify = model::row::Rows::identify(&decoder);
    while let Some(row) = model::row::Rows::next_row(&mut decoder) {
        identify(row.expect("a good line").key).expect("a good key");
    }
}
