package dev.crossroom.transport

import okhttp3.OkHttpClient
import java.net.InetAddress
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import javax.net.SocketFactory
import javax.net.ssl.HostnameVerifier

/**
 * Finds out how far an attempt to open a WebSocket has come, as OkHttp tells nobody of that: it has no event listener for WebSockets. Its sockets are asked
 * whether they are connected; and when it asks whether a certificate is the host's, TLS is there.
 */
internal class Reach(private val needsTls: Boolean) {
    private val sockets = CopyOnWriteArrayList<Socket>()

    @Volatile private var hasTls = false

    /** Whether TCP and TLS are or were there. */
    val isThere: Boolean get() = if (needsTls) hasTls else sockets.any { it.isConnected }

    /** The same client, for one attempt. */
    fun watch(client: OkHttpClient): OkHttpClient {
        val verifier = client.hostnameVerifier
        return client.newBuilder()
            .socketFactory(Watched(client.socketFactory))
            .hostnameVerifier(HostnameVerifier { host, session -> verifier.verify(host, session).also { hasTls = it } })
            .build()
    }

    private inner class Watched(private val given: SocketFactory) : SocketFactory() {
        override fun createSocket(): Socket = given.createSocket().also(sockets::add)

        override fun createSocket(host: String?, port: Int): Socket = given.createSocket(host, port).also(sockets::add)

        override fun createSocket(host: String?, port: Int, localHost: InetAddress?, localPort: Int): Socket =
            given.createSocket(host, port, localHost, localPort).also(sockets::add)

        override fun createSocket(host: InetAddress?, port: Int): Socket = given.createSocket(host, port).also(sockets::add)

        override fun createSocket(address: InetAddress?, port: Int, localAddress: InetAddress?, localPort: Int): Socket =
            given.createSocket(address, port, localAddress, localPort).also(sockets::add)
    }
}
