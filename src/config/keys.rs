//! Keys of 32 bytes: read from base64, and the sandbox's own, made at its first start.
//!
//! A key never prints and its bytes are wiped when the last copy goes. The sandbox's key file is
//! written whole or not at all, readable by its owner only, and never overwritten: two gateways that
//! start at once end with the same key.
//!
//! Deliberately absent: what the keys are used for, and a live key on disk.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rand::TryRngCore;
use secrecy::{ExposeSecret, SecretBox};
use zeroize::{Zeroize, Zeroizing};

/// 32 secret bytes.
#[derive(Clone, Debug)]
pub struct MasterKey(Arc<SecretBox<[u8; 32]>>);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not 32 bytes in base64.
    #[error("is not 32 bytes in base64")]
    NotAKey,
    /// Always the same byte: nobody drew it.
    #[error("is not random")]
    NotRandom,
    /// The operating system has no randomness to give.
    #[error("no randomness from the operating system")]
    NoRandomness,
    /// The sandbox's key file.
    #[error("cannot use the sandbox's key file {path}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What stood in the way.
        #[source]
        cause: io::Error,
    },
    /// The sandbox's key file holds something else.
    #[error("{path} holds no key", path = path.display())]
    NoKeyInFile {
        /// Which file.
        path: PathBuf,
    },
}

impl MasterKey {
    /// Reads 32 bytes in standard base64, with its padding.
    pub fn parse(text: &str) -> Result<MasterKey, KeyError> {
        let bytes = BASE64_STANDARD.decode(text.trim()).map(Zeroizing::new).map_err(|_| KeyError::NotAKey)?;
        let mut key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| KeyError::NotAKey)?;
        let made = MasterKey(Arc::new(SecretBox::new(Box::new(key))));
        let drawn = key.iter().any(|byte| *byte != key[0]);
        key.zeroize();
        if drawn { Ok(made) } else { Err(KeyError::NotRandom) }
    }

    /// Draws one from the operating system.
    pub fn fresh() -> Result<MasterKey, KeyError> {
        let mut key = Box::new([0_u8; 32]);
        rand::rngs::OsRng.try_fill_bytes(key.as_mut_slice()).map_err(|_| KeyError::NoRandomness)?;
        Ok(MasterKey(Arc::new(SecretBox::new(key))))
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }

    /// The key as settings hold it.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64_STANDARD.encode(self.expose()))
    }
}

/// The key in `folder/sandbox.key`, made there when there is none.
pub fn sandbox_key(folder: &Path) -> Result<MasterKey, KeyError> {
    let path = folder.join("sandbox.key");
    let failed = |cause| KeyError::File { path: path.clone(), cause };
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = MasterKey::fresh()?;
            place(&path, key.to_base64().as_bytes()).map_err(failed)?;
            fs::read_to_string(&path)
        }
        read => read,
    };
    let text = Zeroizing::new(text.map_err(failed)?);
    MasterKey::parse(&text).map_err(|_| KeyError::NoKeyInFile { path: path.clone() })
}

/// Puts `content` at `path` unless something is there already; durable when it returns.
fn place(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    static DRAFTS: AtomicU32 = AtomicU32::new(0);
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = folder.join(format!(".sandbox.key.{}.{number}", std::process::id()));
    let placed = write_private(&draft, content).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::File::open(folder)?.sync_all(),
    });
    fs::remove_file(&draft)?;
    placed
}

/// A new file that only its owner reads; an older one of that name is an error.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_two_drawn_bytes_and_nothing_else() {
        let key = MasterKey::fresh().unwrap();
        assert_eq!(MasterKey::parse(&key.to_base64()).unwrap().expose(), key.expose());
        assert_eq!(MasterKey::parse(&format!("{}\n", *key.to_base64())).unwrap().expose(), key.expose());
        assert_ne!(MasterKey::fresh().unwrap().expose(), key.expose());
        let zeros = BASE64_STANDARD.encode([0_u8; 32]);
        assert!(matches!(MasterKey::parse(&zeros), Err(KeyError::NotRandom)));
        for bad in ["", "not base64", &BASE64_STANDARD.encode([1, 2, 3]), &BASE64_STANDARD.encode([7_u8; 33])]
        {
            assert!(matches!(MasterKey::parse(bad), Err(KeyError::NotAKey)), "{bad}");
        }
    }

    #[test]
    fn a_key_does_not_print() {
        let key = MasterKey::fresh().unwrap();
        let printed = format!("{key:?}");
        assert!(!printed.contains(key.to_base64().as_str()) && printed.contains("REDACTED"), "{printed}");
    }

    #[test]
    fn gateways_that_start_at_once_share_the_sandbox_key() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("not/there/yet");
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let starts: Vec<_> =
                (0..8).map(|_| scope.spawn(|| *sandbox_key(&home).unwrap().expose())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn the_sandbox_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("data");
        let first = sandbox_key(&home).unwrap();
        assert_eq!(sandbox_key(&home).unwrap().expose(), first.expose());
        let names: Vec<_> = fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["sandbox.key"], "no draft stays behind");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(home.join("sandbox.key")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(home.join("sandbox.key"), "nonsense").unwrap();
        assert!(matches!(sandbox_key(&home), Err(KeyError::NoKeyInFile { .. })));
    }
}
