//! One connection, from its acceptance to its end.

use super::service::{Exchange, Shared};
use super::streams::Switched;
use super::wire::{Ending, Stream, Tap, Wire, drain};
use crate::fault::Action;
use crate::journal::Open;
use crate::message::Respond;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::sync::{Arc, PoisonError};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

pub(super) async fn run<R: Respond>(
    tcp: TcpStream,
    acceptor: Option<TlsAcceptor>,
    shared: Arc<Shared<R>>,
    open: Open,
) {
    // answers are small and tests wait for each of them
    let _ = tcp.set_nodelay(true);
    let Some(tcp) = connect_faults(tcp, &shared, &open).await else { return };
    let stream = match acceptor {
        None => Stream::Plain(tcp),
        Some(acceptor) => match acceptor.accept(tcp).await {
            Ok(stream) => {
                open.secured();
                Stream::Tls(Box::new(stream))
            }
            Err(error) => return open.ends(format!("TLS handshake: {error}")),
        },
    };
    serve(Wire::new(stream), shared, &open).await;
}

/// Applies what is to happen before TLS; `None` if the connection is over.
async fn connect_faults<R>(tcp: TcpStream, shared: &Shared<R>, open: &Open) -> Option<TcpStream> {
    let decision = shared.faults.on_connect();
    tokio::time::sleep(decision.delay).await;
    let Some(action) = decision.action else { return Some(tcp) };
    open.ends(format!("fault: {action}"));
    match action {
        Action::Reset => Stream::Plain(tcp).end(Ending::Reset).await,
        Action::Hang => drain(tcp).await,
        // a rule for connections with any other action does not parse
        _ => Stream::Plain(tcp).end(Ending::Close).await,
    }
    None
}

async fn serve<R: Respond>(wire: Arc<Wire>, shared: Arc<Shared<R>>, open: &Open) {
    let connection = open.n();
    let switched = Switched::default();
    let service = service_fn(|request| {
        let (shared, wire, switched) = (Arc::clone(&shared), Arc::clone(&wire), Arc::clone(&switched));
        let exchange = Exchange { shared, wire, connection, switched };
        exchange.answer(request)
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let builder = if shared.options.http2 { builder } else { builder.http1_only() };
    let io = TokioIo::new(Tap(Arc::clone(&wire)));
    let ended = {
        let served = std::pin::pin!(builder.serve_connection_with_upgrades(io, service));
        tokio::select! {
            ended = wire.ended() => ended,
            result = served => {
                if let Err(error) = result {
                    open.ends(error.to_string());
                }
                let going = switched.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(going) = going {
                    going.await;
                }
                wire.taken()
            }
        }
    };
    if let Some((stream, ending)) = ended {
        open.ends(match &ending {
            Ending::Close => "fault: close",
            Ending::Reset => "fault: reset",
            Ending::Write(_) => "fault: an answer that is cut or of a wrong length",
        });
        stream.end(ending).await;
    }
}
