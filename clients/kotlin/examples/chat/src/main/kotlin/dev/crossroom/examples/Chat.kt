package dev.crossroom.examples

import dev.crossroom.CrossroomException
import dev.crossroom.Members
import dev.crossroom.RoomEvent
import dev.crossroom.RoomsEvent
import dev.crossroom.json
import dev.crossroom.rooms.Rooms
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.channels.trySendBlocking
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlin.concurrent.thread

/** A chat on the command line: `java -jar target/chat.jar NAME [ROOM] [URL]`. Each line that is typed is published. */
suspend fun main(args: Array<String>) {
    val who = args.getOrNull(0) ?: return println("usage: chat NAME [ROOM] [URL]")
    val place = args.getOrElse(1) { "lobby" }
    val rooms = Rooms(args.getOrElse(2) { "http://localhost:3000" }) { name = who }
    val room = rooms.room(place)
    val events = room.events()
    val connection = rooms.events()

    try {
        coroutineScope {
            launch { connection.collect(::tell) }
            // Fails at the session's end, and ends all with it.
            launch { events.collect(::tell) }
            room.join()
            for (line in typed()) {
                try {
                    if (line.isNotBlank()) room.publish(json("text" to line))
                } catch (error: CrossroomException) {
                    println("! not published: ${error.message}")
                }
            }
            rooms.close()
        }
    } catch (error: CrossroomException) {
        println("! it is over: ${error.message}")
    } finally {
        rooms.close()
    }
}

/** The lines that are typed. Nothing can interrupt the thread that waits for one: it ends with the program. */
private fun typed(): ReceiveChannel<String> {
    val lines = Channel<String>()
    thread(isDaemon = true) {
        while (true) {
            val isTaken = lines.trySendBlocking(readlnOrNull() ?: break).isSuccess
            if (!isTaken) break
        }
        lines.close()
    }
    return lines
}

private fun tell(event: RoomEvent) {
    when (event) {
        is RoomEvent.Message -> println("${event.message.from.name}: ${event.message.data["text"]?.text ?: event.message.data}")
        is RoomEvent.Presence -> println("* here: ${whoIsIn(event.members)}")
        is RoomEvent.Entered -> if (!event.joined.recovered) println("* some messages are lost")
        is RoomEvent.Left -> println("! out of the room: ${event.error.message}")
    }
}

private fun whoIsIn(members: Members): String = if (members.isCounted) "${members.count} people" else members.byUser.values.joinToString { it.name }

private fun tell(event: RoomsEvent) {
    when (event) {
        is RoomsEvent.Connected -> println("* connected as ${event.self.name}")
        is RoomsEvent.Disconnected -> println("* disconnected; it comes back by itself")
    }
}
