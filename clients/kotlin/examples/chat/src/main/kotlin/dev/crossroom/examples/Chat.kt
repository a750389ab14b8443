/** A chat on the command line: `java -jar target/chat.jar NAME [ROOM] [URL]`. Each line that is typed is published. */
package dev.crossroom.examples

import dev.crossroom.CrossroomException
import dev.crossroom.RoomEvent
import dev.crossroom.Rooms
import dev.crossroom.RoomsEvent
import dev.crossroom.json
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

suspend fun main(args: Array<String>) {
    val who = args.getOrNull(0) ?: return println("usage: chat NAME [ROOM] [URL]")
    val place = args.getOrElse(1) { "lobby" }
    val rooms = Rooms(args.getOrElse(2) { "http://localhost:3000" }) { name = who }
    val room = rooms.room(place)
    val happenings = room.events()
    val connection = rooms.events()

    coroutineScope {
        launch { connection.collect(::tell) }
        launch { happenings.collect(::tell) }
        room.join()
        while (true) {
            val line = withContext(Dispatchers.IO) { readlnOrNull() } ?: break
            try {
                if (line.isNotBlank()) room.publish(json("text" to line))
            } catch (error: CrossroomException) {
                println("! not published: ${error.message}")
            }
        }
        rooms.close()
    }
}

private fun tell(event: RoomEvent) {
    when (event) {
        is RoomEvent.Message -> println("${event.message.from.name}: ${event.message.data["text"]?.text ?: event.message.data}")
        is RoomEvent.Presence -> println("* here: ${event.members.byUser.values.joinToString { it.name }}")
        is RoomEvent.Entered -> if (!event.joined.recovered) println("* some messages are lost")
        is RoomEvent.Left -> println("! out of the room: ${event.error.message}")
    }
}

private fun tell(event: RoomsEvent) {
    when (event) {
        is RoomsEvent.Connected -> println("* connected as ${event.self.name}")
        is RoomsEvent.Disconnected -> println("* disconnected; it comes back by itself")
        is RoomsEvent.Ended -> println("! the session is over: ${event.error.message}")
    }
}
