#if os(Linux)
    import Foundation

    /// The client's side of TLS, without I/O: bytes of the network in, bytes of the application out, and the other way. The server's
    /// certificate must be one that the system trusts (or the variable SSL_CERT_FILE says), for this host.
    final class TLSFilter {
        /// What bytes of the network brought about.
        struct Progress {
            /// For the application.
            var plain: [UInt8] = []
            /// For the network.
            var toSend: [UInt8] = []
            /// Whether the handshake is done.
            var isReady = false
            /// Whether the other side has ended it.
            var isEnded = false
            /// Why it cannot go on after what came before.
            var failure: TransportFailure?
        }

        private let library: OpenSSL
        private let context: OpenSSL.Pointer
        private let ssl: OpenSSL.Pointer
        private let incoming: OpenSSL.Pointer
        private let outgoing: OpenSSL.Pointer
        private var isReady = false

        init(host: String) throws(TransportFailure) {
            guard let library = OpenSSL.shared else {
                throw TransportFailure("wss: needs OpenSSL 3 (libssl.so.3), which is not there.")
            }
            guard let context = library.SSL_CTX_new(library.TLS_client_method()) else {
                throw TransportFailure("OpenSSL could not be set up.")
            }
            guard library.SSL_CTX_set_default_verify_paths(context) == 1, let ssl = library.SSL_new(context),
                let incoming = library.BIO_new(library.BIO_s_mem()), let outgoing = library.BIO_new(library.BIO_s_mem())
            else {
                library.SSL_CTX_free(context)
                throw TransportFailure("OpenSSL could not be set up.")
            }
            self.library = library
            self.context = context
            self.ssl = ssl
            self.incoming = incoming
            self.outgoing = outgoing
            // From here on they are OpenSSL's to free.
            library.SSL_set_bio(ssl, incoming, outgoing)
            library.SSL_set_verify(ssl, OpenSSL.verifyPeer, nil)
            guard library.SSL_set1_host(ssl, host) == 1 else { throw TransportFailure("\(host) is no name of a host.") }
            // The type of the name: host_name. An address is none (RFC 6066, 3).
            let isAddress = host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
            if !isAddress { _ = library.SSL_ctrl(ssl, OpenSSL.ctrlSetServerName, 0, host) }
            library.SSL_set_connect_state(ssl)
        }

        deinit {
            library.SSL_free(ssl)
            library.SSL_CTX_free(context)
        }

        /// Bytes came; none, to begin.
        func feed(_ bytes: ArraySlice<UInt8>) -> Progress {
            // A memory BIO takes all.
            _ = bytes.withUnsafeBytes { library.BIO_write(incoming, $0.baseAddress, Int32($0.count)) }
            var progress = Progress()
            library.ERR_clear_error()
            if !isReady {
                let result = library.SSL_do_handshake(ssl)
                if result == 1 {
                    isReady = true
                } else if library.SSL_get_error(ssl, result) != OpenSSL.errorWantRead {
                    progress.failure = TransportFailure("TLS failed: \(reason)", isUnreached: true)
                }
            }
            if isReady { read(&progress) }
            progress.isReady = isReady
            progress.toSend = drain()
            return progress
        }

        /// Bytes of the application's, for the network.
        func encrypt(_ bytes: [UInt8]) -> [UInt8] {
            library.ERR_clear_error()
            // It takes all, as a memory BIO does.
            _ = bytes.withUnsafeBytes { library.SSL_write(ssl, $0.baseAddress, Int32($0.count)) }
            return drain()
        }

        private func read(_ progress: inout Progress) {
            var buffer = [UInt8](repeating: 0, count: 16_384)
            while true {
                let count = library.SSL_read(ssl, &buffer, Int32(buffer.count))
                if count > 0 {
                    progress.plain += buffer[..<Int(count)]
                    continue
                }
                switch library.SSL_get_error(ssl, count) {
                case OpenSSL.errorWantRead: return
                case OpenSSL.errorZeroReturn:
                    progress.isEnded = true
                    return
                default:
                    progress.failure = TransportFailure("TLS failed.")
                    return
                }
            }
        }

        private func drain() -> [UInt8] {
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 16_384)
            while true {
                let count = library.BIO_read(outgoing, &buffer, Int32(buffer.count))
                if count <= 0 { return all }
                all += buffer[..<Int(count)]
            }
        }

        private var reason: String {
            let result = library.SSL_get_verify_result(ssl)
            guard result != 0, let text = library.X509_verify_cert_error_string(result) else { return "no common ground." }
            return String(cString: text)
        }
    }
#endif
