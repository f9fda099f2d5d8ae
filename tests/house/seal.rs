//! Files as the store seals them: magic, version, body, checksum (`crates/storage/FORMAT.md`).
//! Written down a second time, so that a test does not believe the store about itself.

/// CRC-32C, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 }
        })
    })
}

/// A MANIFEST of a folder with so many partitions.
pub fn manifest(partitions: u16) -> Vec<u8> {
    let mut bytes = b"BAROMETA\x01".to_vec();
    bytes.extend_from_slice(&partitions.to_le_bytes());
    bytes.extend_from_slice(&crc32c(&bytes).to_le_bytes());
    bytes
}

/// Gives what is sealed another version, and makes its checksum right.
///
/// # Panics
/// When it was not sealed.
pub fn change_version(bytes: &mut [u8], version: u8) {
    let (sealed, sum) = bytes.split_at_mut(bytes.len() - 4);
    assert_eq!(crc32c(sealed).to_le_bytes(), sum, "it was sealed");
    sealed[8] = version;
    sum.copy_from_slice(&crc32c(sealed).to_le_bytes());
}
