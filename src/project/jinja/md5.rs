//! MD5 for `local_md5`: dbt names things by it. Not for security.

use md5::{Digest, Md5};

/// The digest in lower-case hexadecimal.
pub(crate) fn hex(input: &[u8]) -> String {
    Md5::digest(input).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn known_digests() {
        assert_eq!(super::hex(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(super::hex(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
    }
}
