//! A company that attacks everything it can reach, beside one that works on quietly: the quiet one notices nothing.
//!
//! `HOSTILE_SECONDS` says how long the attacks go on, 30 when it is not set.

mod attacks;
mod network;
mod quiet;

use crate::browser::Browser;
use crate::wait::{turn, until};
use crate::whole::whole;
use attacks::Attacker;
use quiet::Quiet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Where the hostile company's connections come from, which are soon refused more.
const HOSTILE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 66));
/// Where its people work, and where its app's visitors are.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 67));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_neighbour_of_a_hostile_company_notices_nothing() {
    let _turn = turn().await;
    network::raise_descriptors();
    let (world, portal) = whole().await;
    let ada = world.settled(&portal, 2).await;
    until("the quiet page", async || {
        let page = ada.get(quiet::PAGE).await;
        page.body.contains(quiet::WELL).then_some(())
    })
    .await;
    let mallory = Browser::at(&portal.url, Some(ELSEWHERE));
    world
        .sign_in(&mallory, "Mallory", "mal@mallory.example")
        .await;
    let attacker = Attacker::settle(&world, &mallory).await;

    let quiet = Quiet::start(&world, &ada).await;
    let seconds = std::env::var("HOSTILE_SECONDS").ok();
    let seconds = seconds.map_or(30, |text| text.parse().expect("a number of seconds"));
    let attacks = attacker.attack(Duration::from_secs(seconds));
    tokio::join!(attacks, quiet.work());
    quiet.end().await;
}
