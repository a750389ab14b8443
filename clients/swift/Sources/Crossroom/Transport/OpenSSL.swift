#if os(Linux)
    import Foundation

    /// TLS by the system's OpenSSL 3, which Foundation's networking needs on Linux too. Loaded when it is first used, so that nothing of
    /// it is needed to build, and nothing to run where all is `ws:`. Names and numbers are those of OpenSSL's manual.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    struct OpenSSL: @unchecked Sendable {
        typealias Pointer = UnsafeMutableRawPointer

        let TLS_client_method: @convention(c) () -> Pointer?
        let SSL_CTX_new: @convention(c) (Pointer?) -> Pointer?
        let SSL_CTX_free: @convention(c) (Pointer?) -> Void
        let SSL_CTX_set_default_verify_paths: @convention(c) (Pointer?) -> Int32
        let SSL_new: @convention(c) (Pointer?) -> Pointer?
        let SSL_free: @convention(c) (Pointer?) -> Void
        let SSL_set_verify: @convention(c) (Pointer?, Int32, Pointer?) -> Void
        let SSL_set1_host: @convention(c) (Pointer?, UnsafePointer<CChar>?) -> Int32
        let SSL_ctrl: @convention(c) (Pointer?, Int32, Int, UnsafePointer<CChar>?) -> Int
        let SSL_set_bio: @convention(c) (Pointer?, Pointer?, Pointer?) -> Void
        let SSL_set_connect_state: @convention(c) (Pointer?) -> Void
        let SSL_do_handshake: @convention(c) (Pointer?) -> Int32
        let SSL_read: @convention(c) (Pointer?, Pointer?, Int32) -> Int32
        let SSL_write: @convention(c) (Pointer?, UnsafeRawPointer?, Int32) -> Int32
        let SSL_get_error: @convention(c) (Pointer?, Int32) -> Int32
        let SSL_get_verify_result: @convention(c) (Pointer?) -> Int
        let X509_verify_cert_error_string: @convention(c) (Int) -> UnsafePointer<CChar>?
        let BIO_s_mem: @convention(c) () -> Pointer?
        let BIO_new: @convention(c) (Pointer?) -> Pointer?
        let BIO_read: @convention(c) (Pointer?, Pointer?, Int32) -> Int32
        let BIO_write: @convention(c) (Pointer?, UnsafeRawPointer?, Int32) -> Int32
        let ERR_clear_error: @convention(c) () -> Void

        static let errorWantRead: Int32 = 2
        static let errorZeroReturn: Int32 = 6
        static let verifyPeer: Int32 = 1
        static let ctrlSetServerName: Int32 = 55

        /// nil where there is none.
        static let shared = OpenSSL()

        private init?() {
            guard let ssl = dlopen("libssl.so.3", RTLD_NOW), let crypto = dlopen("libcrypto.so.3", RTLD_NOW) else { return nil }
            func load<T>(_ name: String, of library: Pointer? = nil) -> T? {
                // The types above are those of OpenSSL's headers.
                dlsym(library ?? ssl, name).map { unsafeBitCast($0, to: T.self) }
            }
            guard let method: @convention(c) () -> Pointer? = load("TLS_client_method"),
                let contextNew: @convention(c) (Pointer?) -> Pointer? = load("SSL_CTX_new"),
                let contextFree: @convention(c) (Pointer?) -> Void = load("SSL_CTX_free"),
                let paths: @convention(c) (Pointer?) -> Int32 = load("SSL_CTX_set_default_verify_paths"),
                let new: @convention(c) (Pointer?) -> Pointer? = load("SSL_new"),
                let free: @convention(c) (Pointer?) -> Void = load("SSL_free"),
                let verify: @convention(c) (Pointer?, Int32, Pointer?) -> Void = load("SSL_set_verify"),
                let host: @convention(c) (Pointer?, UnsafePointer<CChar>?) -> Int32 = load("SSL_set1_host"),
                let ctrl: @convention(c) (Pointer?, Int32, Int, UnsafePointer<CChar>?) -> Int = load("SSL_ctrl"),
                let setBio: @convention(c) (Pointer?, Pointer?, Pointer?) -> Void = load("SSL_set_bio"),
                let connectState: @convention(c) (Pointer?) -> Void = load("SSL_set_connect_state"),
                let handshake: @convention(c) (Pointer?) -> Int32 = load("SSL_do_handshake"),
                let read: @convention(c) (Pointer?, Pointer?, Int32) -> Int32 = load("SSL_read"),
                let write: @convention(c) (Pointer?, UnsafeRawPointer?, Int32) -> Int32 = load("SSL_write"),
                let error: @convention(c) (Pointer?, Int32) -> Int32 = load("SSL_get_error"),
                let result: @convention(c) (Pointer?) -> Int = load("SSL_get_verify_result"),
                let text: @convention(c) (Int) -> UnsafePointer<CChar>? = load("X509_verify_cert_error_string", of: crypto),
                let memory: @convention(c) () -> Pointer? = load("BIO_s_mem", of: crypto),
                let bioNew: @convention(c) (Pointer?) -> Pointer? = load("BIO_new", of: crypto),
                let bioRead: @convention(c) (Pointer?, Pointer?, Int32) -> Int32 = load("BIO_read", of: crypto),
                let bioWrite: @convention(c) (Pointer?, UnsafeRawPointer?, Int32) -> Int32 = load("BIO_write", of: crypto),
                let clear: @convention(c) () -> Void = load("ERR_clear_error", of: crypto)
            else { return nil }
            TLS_client_method = method
            SSL_CTX_new = contextNew
            SSL_CTX_free = contextFree
            SSL_CTX_set_default_verify_paths = paths
            SSL_new = new
            SSL_free = free
            SSL_set_verify = verify
            SSL_set1_host = host
            SSL_ctrl = ctrl
            SSL_set_bio = setBio
            SSL_set_connect_state = connectState
            SSL_do_handshake = handshake
            SSL_read = read
            SSL_write = write
            SSL_get_error = error
            SSL_get_verify_result = result
            X509_verify_cert_error_string = text
            BIO_s_mem = memory
            BIO_new = bioNew
            BIO_read = bioRead
            BIO_write = bioWrite
            ERR_clear_error = clear
        }
    }
#endif
