package dev.crossroom.transport

import java.net.InetAddress
import java.net.Socket
import javax.net.SocketFactory

/**
 * Sockets that send at once what is written (TCP_NODELAY): with Nagle's algorithm a small message waits for the acknowledgement of the one before,
 * which the other side's system delays by 40 ms.
 */
internal class PromptSockets(private val given: SocketFactory) : SocketFactory() {
    override fun createSocket(): Socket = given.createSocket().prompt()

    override fun createSocket(host: String?, port: Int): Socket = given.createSocket(host, port).prompt()

    override fun createSocket(host: String?, port: Int, localHost: InetAddress?, localPort: Int): Socket =
        given.createSocket(host, port, localHost, localPort).prompt()

    override fun createSocket(host: InetAddress?, port: Int): Socket = given.createSocket(host, port).prompt()

    override fun createSocket(address: InetAddress?, port: Int, localAddress: InetAddress?, localPort: Int): Socket =
        given.createSocket(address, port, localAddress, localPort).prompt()

    private fun Socket.prompt(): Socket = apply { tcpNoDelay = true }
}
