use super::super::mock::request;
use super::server::{Answer, Authority, Server};
use super::tests::sent;
use super::*;
use crate::credentials::Credential;
use crate::wire::SystemClock;
use http::Method;

/// The environment belongs to the whole process, so each case runs in a process of its own: this binary once more.
#[test]
fn proxies_of_the_environment() {
    let run = |case: &str, variables: &[(&str, &str)]| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        // the child runs the proxy there
        drop(listener);
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "transport::http::proxy_tests::with_a_proxy", "--ignored", "--nocapture"]);
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"] {
            command.env_remove(name).env_remove(name.to_lowercase());
        }
        command.env("PROXY_CASE", case).env("PROXY_PORT", &port);
        command.envs(variables.iter().map(|(name, value)| (name, value.replace("PORT", &port))));
        let output = command.output().unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{case}: {text}");
        assert!(text.contains(&format!("checked {case}")), "{case}: {text}");
    };
    run("http", &[("HTTP_PROXY", "http://127.0.0.1:PORT")]);
    run("https", &[("HTTPS_PROXY", "http://user:pass@127.0.0.1:PORT")]);
    run("refusing", &[("HTTPS_PROXY", "http://127.0.0.1:PORT")]);
    run("no_proxy", &[("HTTPS_PROXY", "http://127.0.0.1:PORT"), ("NO_PROXY", "rancher.invalid")]);
    run("configured", &[("HTTPS_PROXY", "http://rancher.invalid:1"), ("NO_PROXY", "rancher.invalid")]);
    run("configured for loopback", &[]);
    run("loopback", &[("HTTP_PROXY", "http://127.0.0.1:PORT"), ("ALL_PROXY", "http://127.0.0.1:PORT")]);
}

#[test]
#[ignore = "a part of proxies_of_the_environment, which runs it in processes of its own"]
fn with_a_proxy() {
    let (Ok(case), Ok(port)) = (std::env::var("PROXY_CASE"), std::env::var("PROXY_PORT")) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(proxied(&case, port.parse().unwrap()));
    println!("checked {case}");
}

async fn proxied(case: &str, port: u16) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let ca = Authority::new("ca");
    let behind = Server::tls(ca.issue(&["rancher.invalid"]), |_, _| Answer::json(200, "{}")).await;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let asked = Arc::new(std::sync::Mutex::new(Vec::<String>::new()));
    let (heads, refuses, target) = (Arc::clone(&asked), case == "refusing", behind.port());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let tunnel = head.starts_with("CONNECT");
            heads.lock().unwrap().push(head);
            if refuses {
                stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
            } else if tunnel {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let mut onward = tokio::net::TcpStream::connect(("127.0.0.1", target)).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
            } else {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
            }
        }
    });
    let direct = Server::plain(|_, _| Answer::json(200, "{}")).await;
    let url = match case {
        "http" => "http://rancher.invalid".to_owned(),
        "loopback" | "configured for loopback" => direct.url(),
        _ => "https://rancher.invalid".to_owned(),
    };
    let mut config = Config::new(ServerUrl::parse(&url, true).unwrap(), Credential::anonymous());
    config.trust = Trust::CaPem(ca.pem());
    if case.starts_with("configured") {
        config.proxy = Some(Proxy::parse(&format!("http://user:pass@127.0.0.1:{port}")).unwrap());
    }
    let http = Http::new(&config, Arc::new(SystemClock::new())).unwrap();
    let mut secret = request(Method::GET, "/v3/clusters?x=1");
    secret.headers.insert("authorization", "Bearer token-abcde:s3cr3ts3cr3t".parse().unwrap());
    let answer = http.send(secret).await;
    let asked = asked.lock().unwrap().clone();
    match case {
        "http" => {
            assert_eq!(answer.unwrap().status, 200);
            assert!(asked[0].starts_with("GET http://rancher.invalid/v3/clusters?x=1 HTTP/1.1"), "{asked:?}");
        }
        // what the configuration says goes before the environment
        "https" | "configured" => {
            assert_eq!(answer.unwrap().status, 200);
            assert!(asked[0].starts_with("CONNECT rancher.invalid:443 HTTP/1.1"), "{asked:?}");
            assert_eq!(sent(&asked[0], "proxy-authorization").0.unwrap(), "Basic dXNlcjpwYXNz");
            assert_eq!(sent(&asked[0], "authorization"), (None, 0));
            assert!(behind.heads()[0].contains("s3cr3t") && !asked[0].contains("s3cr3t"));
            assert_eq!(sent(&behind.heads()[0], "proxy-authorization"), (None, 0));
            assert_eq!(http.tls_report().unwrap().host, "rancher.invalid");
        }
        "configured for loopback" => {
            assert_eq!(answer.unwrap().status, 200);
            assert!(asked[0].starts_with(&format!("GET {}/v3/clusters", direct.url())), "{asked:?}");
            assert_eq!(sent(&asked[0], "proxy-authorization").0.unwrap(), "Basic dXNlcjpwYXNz");
        }
        "refusing" => {
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connect);
            assert!(error.summary().contains("the proxy made no connection"), "{error}");
            assert!(error.nothing_sent());
        }
        "no_proxy" => {
            assert!(answer.unwrap_err().summary().contains("DNS"));
            assert!(asked.is_empty());
        }
        "loopback" => {
            assert_eq!(answer.unwrap().status, 200);
            assert!(asked.is_empty());
        }
        other => panic!("no case {other}"),
    }
}
