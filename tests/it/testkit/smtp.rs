//! A mail server on a port of its own: the SMTP of the crate `mailin`, over TCP and rustls.
//!
//! What it says to whom can be set, so that stories can have a server that is busy, or that knows no such mailbox.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use mailin::{Action, AuthMechanism, Handler, Response, SessionBuilder, response};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::{LOOK_AGAIN, PATIENCE};

/// The only account of a server that asks for one.
pub const USER: &str = "alerts";
pub const PASSWORD: &str = "correct horse battery staple";

/// What a server offers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Plain, and no account needed.
    None,
    /// Plain until STARTTLS; sends nothing on without a login.
    StartTls,
    /// TLS from the first byte; likewise.
    Tls,
}

/// A message that was accepted.
#[derive(Clone, Debug)]
pub struct Received {
    pub to: Vec<String>,
    pub raw: Vec<u8>,
    /// Whether it came from somebody who had logged in, which this server allows over TLS only.
    pub logged_in: bool,
}

impl Received {
    pub fn header(&self, name: &str) -> String {
        use mailparse::MailHeaderMap;
        let headers = mailparse::parse_mail(&self.raw).unwrap();
        headers.headers.get_first_value(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    pub fn text(&self) -> String {
        mailparse::parse_mail(&self.raw).unwrap().get_body().unwrap()
    }
}

#[derive(Default)]
struct Book {
    received: Vec<Received>,
    /// What mailboxes answer next, once each.
    answers: HashMap<String, VecDeque<Response>>,
    commands: Vec<String>,
    /// Conversations that are over.
    ended: usize,
}

/// Listens until it is dropped.
pub struct MailServer {
    pub port: u16,
    /// The authority that signed its certificate.
    pub authority: PathBuf,
    book: Arc<Mutex<Book>>,
    server: tokio::task::JoinHandle<()>,
    _folder: TempDir,
}

impl MailServer {
    pub async fn start(protection: Protection) -> MailServer {
        let folder = tempfile::tempdir().unwrap();
        let authority = folder.path().join("authority.pem");
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(&authority, certified.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let book = Arc::new(Mutex::new(Book::default()));
        let tls = TlsAcceptor::from(Arc::new(tls));
        let server = tokio::spawn(serve(listener, tls, protection, book.clone()));
        MailServer { port, authority, book, server, _folder: folder }
    }

    /// What the settings must say to reach it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("alerts.mail.host", "localhost".into()),
            ("alerts.mail.port", self.port.to_string()),
            ("alerts.mail.from", "MoneyBridge <alerts@gateway.example>".into()),
            ("alerts.mail.to", "ops@example.com".into()),
            ("alerts.mail.ca_file", self.authority.display().to_string()),
        ]
    }

    /// The next time somebody writes to `mailbox`, it is answered so; later OK.
    pub fn answers(&self, mailbox: &str, answer: Response) {
        self.book.lock().unwrap().answers.entry(mailbox.to_owned()).or_default().push_back(answer);
    }

    pub fn received(&self) -> Vec<Received> {
        self.book.lock().unwrap().received.clone()
    }

    /// Every command line that came, in order.
    pub fn commands(&self) -> Vec<String> {
        self.book.lock().unwrap().commands.clone()
    }

    /// Returns when a client has hung up after saying something, with what was said.
    pub async fn wait_until_tried(&self) -> Vec<String> {
        let begun = std::time::Instant::now();
        loop {
            if self.book.lock().unwrap().ended > 0 {
                return self.commands();
            }
            assert!(begun.elapsed() < PATIENCE, "nobody came");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Returns when so many messages were accepted, with all of them.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let begun = std::time::Instant::now();
        loop {
            let received = self.received();
            if received.len() >= count {
                return received;
            }
            assert!(begun.elapsed() < PATIENCE, "{} of {count} came; {:?}", received.len(), self.commands());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, protection: Protection, book: Arc<Mutex<Book>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, book) = (tls.clone(), book.clone());
        // A client that hangs up in the middle ends its own conversation only.
        tokio::spawn(async move {
            let _ = converse(stream, tls, protection, book.clone()).await;
            book.lock().unwrap().ended += 1;
        });
    }
}

async fn converse(
    stream: TcpStream,
    tls: TlsAcceptor,
    protection: Protection,
    book: Arc<Mutex<Book>>,
) -> io::Result<()> {
    let mut builder = SessionBuilder::new("localhost");
    if protection == Protection::StartTls {
        builder.enable_start_tls();
    }
    if protection != Protection::None {
        builder.enable_auth(AuthMechanism::Plain).enable_auth(AuthMechanism::Login);
    }
    let clerk = Clerk { book: book.clone(), ..Clerk::default() };
    let mut session = builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), clerk);
    if protection == Protection::Tls {
        session.tls_active();
        let mut stream = BufStream::new(tls.accept(stream).await?);
        say(&mut stream, &session.greeting()).await?;
        return talk(&mut session, &mut stream, &book).await.map(drop);
    }
    let mut plain = BufStream::new(stream);
    say(&mut plain, &session.greeting()).await?;
    if talk(&mut session, &mut plain, &book).await? {
        session.tls_active();
        let mut stream = BufStream::new(tls.accept(plain.into_inner()).await?);
        talk(&mut session, &mut stream, &book).await?;
    }
    Ok(())
}

/// Until the conversation ends, or `true` when it goes on over TLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut mailin::Session<Clerk>,
    stream: &mut BufStream<S>,
    book: &Mutex<Book>,
) -> io::Result<bool> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(false);
        }
        book.lock().unwrap().commands.push(String::from_utf8_lossy(&line).trim_end().to_owned());
        let answer = session.process(&line);
        match answer.action {
            Action::NoReply => {}
            Action::Reply => say(stream, &answer).await?,
            Action::Close => return say(stream, &answer).await.map(|()| false),
            Action::UpgradeTls => return say(stream, &answer).await.map(|()| true),
        }
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufStream<S>,
    answer: &Response,
) -> io::Result<()> {
    stream.write_all(&answer.buffer()?).await?;
    stream.flush().await
}

/// Takes what one client brings.
#[derive(Clone, Default)]
struct Clerk {
    book: Arc<Mutex<Book>>,
    to: Vec<String>,
    raw: Vec<u8>,
    logged_in: bool,
}

impl Clerk {
    fn log_in(&mut self, user: &str, password: &str) -> Response {
        self.logged_in = (user, password) == (USER, PASSWORD);
        if self.logged_in { response::AUTH_OK } else { response::INVALID_CREDENTIALS }
    }
}

impl Handler for Clerk {
    fn mail(&mut self, _: IpAddr, _: &str, _: &str) -> Response {
        self.to.clear();
        self.raw.clear();
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        let said = self.book.lock().unwrap().answers.get_mut(to).and_then(VecDeque::pop_front);
        self.to.push(to.to_owned());
        said.unwrap_or(response::OK)
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.raw.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let (to, raw) = (self.to.clone(), self.raw.clone());
        self.book.lock().unwrap().received.push(Received { to, raw, logged_in: self.logged_in });
        response::OK
    }

    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        self.log_in(user, password)
    }

    fn auth_login(&mut self, user: &str, password: &str) -> Response {
        self.log_in(user, password)
    }
}
