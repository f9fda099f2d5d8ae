use super::super::Roots;
use super::*;
use model::Timestamp;
use rustix::fs::StatVfsMountFlags;
use std::collections::BTreeMap;

/// The mounts of a list that count, as `path device fstype mode`.
#[track_caller]
fn check(info: &str, expected: &[&str]) {
    let mut files = Files::default();
    let dir = tempfile::TempDir::new().unwrap();
    std::fs::write(dir.path().join("mountinfo"), info).unwrap();
    let mounts = plan(&files.read(dir.path(), "mountinfo").unwrap());
    let found: Vec<_> = mounts
        .iter()
        .map(|mount| format!("{} {} {} {}", mount.point, mount.device, mount.fstype, mount.mode))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_server_shows_its_disks_only() {
    check(
        "22 27 0:21 / /proc rw,relatime - proc proc rw\n\
         23 27 0:22 / /sys rw,relatime shared:7 - sysfs sysfs rw\n\
         24 27 0:6 / /dev rw - devtmpfs udev rw,size=8k\n\
         25 24 0:23 / /dev/shm rw - tmpfs tmpfs rw\n\
         27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
         28 27 8:2 / /data\\040and\\134more ro,relatime master:1 propagate_from:2 - xfs /dev/mapper/data rw\n\
         29 27 8:1 /var/lib/app /srv/app rw - ext4 /dev/sda1 rw\n\
         30 27 0:50 / /home rw - nfs4 server:/home rw\n\
         31 27 0:51 / /mnt/ssh rw - fuse.sshfs me@there:/ rw\n\
         32 27 7:0 / /snap/core ro - squashfs /dev/loop0 ro\n",
        &["/ /dev/sda1 ext4 rw", "/data and\\more /dev/mapper/data xfs ro"],
    );
}

#[test]
fn the_root_of_a_container_stays() {
    check(
        "100 90 0:60 / / rw,relatime - overlay overlay rw,lowerdir=/a\n\
         101 100 0:61 / /proc rw - proc proc rw\n\
         102 100 0:62 / /dev rw - tmpfs tmpfs rw\n",
        &["/ overlay overlay rw"],
    );
}

#[test]
fn what_is_mounted_over_another_hides_it() {
    check(
        "1 0 0:1 / / rw - rootfs rootfs rw\n\
         2 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
         3 1 8:2 / /mnt rw - ext4 /dev/sdb1 rw\n\
         4 1 0:9 / /mnt rw - tmpfs tmpfs rw\n",
        &["/ /dev/sda1 ext4 rw"],
    );
}

#[test]
fn of_one_device_the_whole_goes_first() {
    check(
        "1 0 8:1 /folder /a rw - ext4 /dev/sda1 rw\n\
         2 1 8:1 / /whole/disk rw - ext4 /dev/sda1 rw\n\
         3 1 8:1 / /again/the/whole/disk rw - ext4 /dev/sda1 rw\n",
        &["/whole/disk /dev/sda1 ext4 rw"],
    );
}

#[test]
fn lines_that_are_none_are_passed_over() {
    check(
        "\nnonsense\n1 2 3\n1 0 8:1 / / rw ext4 /dev/sda1 rw\n1 0 8:1 / /\\9 rw - ext4 x rw\n",
        &["/\\9 x ext4 rw"],
    );
}

#[test]
fn usage_is_of_what_can_be_used() {
    let roots = Roots::default();
    let tags = BTreeMap::from([("host".to_owned(), "h".to_owned())]);
    let mut out = Vec::new();
    let mut round = Round::new(&roots, &tags, Timestamp(9), &mut out);
    let mount = Mount {
        point: "/data".to_owned(),
        number: "8:1".to_owned(),
        is_whole: true,
        device: "/dev/mapper/data".to_owned(),
        fstype: "ext4".to_owned(),
        mode: "rw",
    };
    let usage = StatVfs {
        f_bsize: 1,
        f_frsize: 4096,
        f_blocks: 100,
        f_bfree: 40,
        f_bavail: 20,
        f_files: 10,
        f_ffree: 8,
        f_favail: 8,
        f_fsid: 0,
        f_flag: StatVfsMountFlags::empty(),
        f_namemax: 255,
    };
    write(&mount, &usage, &mut round);
    write(&mount, &StatVfs { f_blocks: 0, ..usage }, &mut round);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "disk,path=/data,device=mapper/data,fstype=ext4,mode=rw,host=h total=409600i,free=81920i,used=245760i,used_percent=75,inodes_total=10i,inodes_free=8i,inodes_used=2i,inodes_used_percent=20 9\n"
    );
}
