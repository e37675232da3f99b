//! The rules of sockets and watches.

use super::{Rule, assumed, recorded};

pub(super) const RECORDED: &[Rule] = &[
    recorded(
        "kube.watch",
        "kubernetes, watch with bookmarks, nothing happens",
        "A list with watch=true goes on: a line {\"type\", \"object\"} for every change since resourceVersion.",
    ),
    recorded(
        "subscribe.by-the-singular",
        "websocket, v3 cluster subscribe scoped",
        "/v3/cluster/{id}/subscribe tells of what belongs to the cluster, also a key scoped to it.",
    ),
    recorded(
        "subscribe.ping",
        "websocket, v3 clusters subscribe scoped",
        "An empty ping comes again and again; every five seconds is Norman's source.",
    ),
    recorded(
        "subscribe.plural-is-mute",
        "websocket, v3 clusters subscribe scoped",
        "/v3/clusters/{id}/subscribe takes the socket and tells of nothing.",
    ),
    recorded(
        "subscribe.replays",
        "websocket, v3 subscribe projects",
        "A socket of Norman first tells of everything that is there, as resource.change.",
    ),
    recorded(
        "subscribe.steve-changes",
        "websocket, v1 subscribe changes mode",
        "In the mode resource.changes Steve tells only that something changed.",
    ),
    recorded(
        "subscribe.steve-from-now",
        "websocket, v1 subscribe configmap",
        "A subscription to Steve begins with resource.start and tells what changes from then on, or from resourceVersion on.",
    ),
    recorded(
        "subscribe.steve-own-id",
        "websocket, v1 subscribe configmap",
        "Objects that Steve's sockets tell of have their id a second time, as _id.",
    ),
    recorded(
        "subscribe.steve-stop",
        "websocket, v1 subscribe stop",
        "stop ends a subscription: resource.stop.",
    ),
    recorded(
        "subscribe.steve-too-old",
        "websocket, v1 subscribe old revision",
        "A resourceVersion that is forgotten is resource.error \"resourceversion too old\", and resource.stop.",
    ),
    recorded(
        "subscribe.steve-unknown-type",
        "websocket, v1 subscribe unknown type",
        "An unknown type is resource.error \"failed to find schema\", and resource.stop.",
    ),
];

pub(super) const ASSUMED: &[Rule] = &[
    assumed(
        "kube.watch-bookmark",
        "Kubernetes documentation",
        "With allowWatchBookmarks a BOOKMARK with the revision comes once a minute.",
    ),
    assumed(
        "kube.watch-from-nothing",
        "Kubernetes documentation",
        "A watch without a resourceVersion, or from 0, first tells of everything that is there.",
    ),
    assumed(
        "kube.watch-selector",
        "read in the API server's source",
        "What comes to fit a selector is ADDED, what no longer fits is DELETED.",
    ),
    assumed("kube.watch-timeout", "Kubernetes documentation", "timeoutSeconds ends a watch."),
    assumed(
        "kube.watch-too-old",
        "read in the API server's source",
        "A resourceVersion that is forgotten is an ERROR with a Status 410 Expired, and the end.",
    ),
    assumed(
        "subscribe.half-an-hour",
        "read in Norman's source",
        "A socket of Norman ends after half an hour.",
    ),
    assumed(
        "subscribe.remove",
        "read in Norman's source",
        "What is gone, or no longer to be seen, is resource.remove with its last state.",
    ),
    assumed(
        "subscribe.steve-debounce",
        "the distance of the messages in websocket, v1 subscribe changes mode",
        "In the mode resource.changes Steve speaks every four seconds at most.",
    ),
    assumed("subscribe.steve-ping", "read in Steve's source", "Steve pings every half a minute."),
    assumed(
        "subscribe.unknown-type",
        "read in Norman's source",
        "A type that the API of the socket does not have is 404.",
    ),
];
