//! A chat on the command line: joins a room, prints what comes, and publishes what is typed.
//!
//! `cargo run --example chat -- http://127.0.0.1:3000 lobby Ada`

use std::time::Duration;

use crossroom::rooms::{JoinOptions, Message, Published, RoomEvent, RoomsEvent};
use crossroom::{Rooms, RoomsError};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::{JoinError, JoinSet};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let (url, room, name) = (argument("http://127.0.0.1:3000"), argument("lobby"), argument("Somebody"));

    let rooms = Rooms::builder(url).name(name).build()?;
    let room = rooms.room(room);
    let mut session = rooms.events();
    let mut events = room.events();
    let joined = room.join_with(JoinOptions::default().history(20)).await?;
    for message in joined.history.map(|page| page.messages).unwrap_or_default() {
        print_message(&message);
    }
    println!("You are in {}. Type a line; Ctrl+D ends.", room.name());

    let mut publishes = JoinSet::new();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                // It waits for the connection if there is none, and the next line does not wait for it.
                Some(line) => drop(publishes.spawn(room.publish(line))),
                None => break,
            },
            Some(published) = publishes.join_next() => print_refusal(published),
            Some(event) = events.next() => print_event(event?),
            Some(event) = session.next() => match event {
                RoomsEvent::Disconnected(reason) => println!("* the connection is lost: {reason}"),
                RoomsEvent::Ended(error) => return Err(error.into()),
                _ => {}
            },
        }
    }
    let unsent = rooms.close_within(Duration::from_secs(5)).await;
    while let Some(published) = publishes.join_next().await {
        print_refusal(published);
    }
    if unsent > 0 {
        println!("* {unsent} lines were not confirmed");
    }
    Ok(())
}

fn print_refusal(published: Result<Result<Published, RoomsError>, JoinError>) {
    if let Ok(Err(error)) = published {
        println!("* not published: {error}");
    }
}

fn print_message(message: &Message) {
    let text = message.parse().unwrap_or_else(|_| message.data.to_string());
    println!("{}: {text}", message.from.name);
}

fn print_event(event: RoomEvent) {
    match event {
        RoomEvent::Message(message) => print_message(&message),
        RoomEvent::Presence(members) if members.is_counted() => println!("* {} are here", members.count()),
        RoomEvent::Presence(members) => {
            let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
            println!("* here: {}", names.join(", "));
        }
        RoomEvent::Joined(joined) if !joined.recovered => println!("* some messages are lost"),
        RoomEvent::Left(error) => println!("* you are out: {error}"),
        _ => {}
    }
}
