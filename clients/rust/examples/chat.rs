//! A chat on the command line: joins a room, prints what comes, and publishes what is typed.
//!
//! `cargo run --example chat -- http://127.0.0.1:3000 lobby Ada`

use crossroom::Rooms;
use crossroom::rooms::{RoomEvent, RoomsEvent};
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let (url, room, name) = (argument("http://127.0.0.1:3000"), argument("lobby"), argument("Somebody"));

    let rooms = Rooms::builder(url).name(name).build()?;
    let room = rooms.room(room);
    let mut session = rooms.events();
    let mut events = room.events();
    room.join().await?;
    println!("You are in {}. Type a line; Ctrl+D ends.", room.name());

    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                // It waits for the connection if there is none, and goes on without us.
                Some(line) => room.publish(line).detach(),
                None => break,
            },
            Some(event) = events.next() => print_event(event?),
            Some(event) = session.next() => match event {
                RoomsEvent::Disconnected(reason) => println!("* the connection is lost: {reason}"),
                RoomsEvent::Ended(error) => return Err(error.into()),
                _ => {}
            },
        }
    }
    rooms.close().await;
    Ok(())
}

fn print_event(event: RoomEvent) {
    match event {
        RoomEvent::Message(message) => {
            let text = message.parse().unwrap_or_else(|_| message.data.to_string());
            println!("{}: {text}", message.from.name);
        }
        RoomEvent::Presence(members) => {
            let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
            println!("* here: {}", names.join(", "));
        }
        RoomEvent::Joined(joined) if !joined.recovered => println!("* some messages are lost"),
        RoomEvent::Left(error) => println!("* you are out: {error}"),
        _ => {}
    }
}
