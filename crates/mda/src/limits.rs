//! How large a package may be, in every respect.

/// How large a package may be, in every respect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the package itself.
    pub package_bytes: u64,
    /// Bytes of all that comes out of it.
    pub unpacked_bytes: u64,
    /// Entries: files and folders.
    pub files: u64,
    /// Bytes that come out of a single entry.
    pub entry_bytes: u64,
    /// How many times larger than the package everything in it may be together, where it comes to
    /// more than `ratio_from`. A single file may shrink as much as it does: source maps do a lot.
    pub ratio: u64,
    /// Bytes that may come out whatever the package's own size.
    pub ratio_from: u64,
    /// Bytes of an entry's name.
    pub name_bytes: usize,
    /// Folders within folders.
    pub depth: usize,
}

/// What a package unpacks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Bytes of all files.
    pub bytes: u64,
    /// Bytes of all files and folders, each in whole blocks of 4 KiB.
    pub on_disk: u64,
    /// Files and folders.
    pub entries: u64,
}

impl Limits {
    /// Limits with the usual form of names and compression.
    pub fn new(package_bytes: u64, unpacked_bytes: u64, files: u64) -> Self {
        Self {
            package_bytes,
            unpacked_bytes,
            files,
            entry_bytes: unpacked_bytes,
            ratio: 200,
            ratio_from: 1 << 30,
            name_bytes: 512,
            depth: 32,
        }
    }
}

impl Default for Limits {
    /// 1 GiB packed, 4 GiB unpacked, 64,000 entries.
    fn default() -> Self {
        Self::new(1 << 30, 4 << 30, 64_000)
    }
}
