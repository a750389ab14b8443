package dev.crossroom.agent

import dev.crossroom.json
import kotlinx.coroutines.runBlocking

/** The conformance agent: the client, told what to do by lines on standard input (docs/conformance-agent.md). */
fun main() {
    Output.write(json("ready" to json("client" to "kotlin", "version" to "0.1.0")))
    val commands = CommandRunner()
    while (true) {
        val line = readlnOrNull() ?: break
        if (line.isBlank()) continue
        try {
            if (!commands.take(line)) return
        } catch (thrown: Exception) {
            System.err.println("$thrown: $line")
        }
    }
    runBlocking { commands.closeAll() }
}
