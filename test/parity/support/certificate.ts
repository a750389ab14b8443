/**
 * A key and a self-signed certificate for 127.0.0.1, for tests only. Made once, valid for a hundred years:
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost
 * -addext subjectAltName=DNS:localhost,IP:127.0.0.1`
 */
export const selfSigned = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtoaONEh+8YDanKQW
RB1k1swoF+J5/qxPRJHgQIYJfVOhRANCAAT8LgRyJCaWCydD+Ujv/J/u6PQ03J2R
9MAKpwvvUq3DZtOFofsdeAWMzMmIPMmSvO6nl2JaSyU6/capRa4AvFlf
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUc8MweY/Op5eHJBsRF+bpKdKG6wIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA0MDYxN1oYDzIxMjYxMDI4
MDQwNjE3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAT8LgRyJCaWCydD+Ujv/J/u6PQ03J2R9MAKpwvvUq3DZtOFofsdeAWM
zMmIPMmSvO6nl2JaSyU6/capRa4AvFlfo28wbTAdBgNVHQ4EFgQUDVYvXKW/jils
GaX3sZiJfx20TrIwHwYDVR0jBBgwFoAUDVYvXKW/jilsGaX3sZiJfx20TrIwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAORjW7BxEU+FZwMWGV9Xe/G7XaHqoSv5Z50aGMjIvRskAiEA
nUqr8OgueBFWFhU97mX6H1Tfl1Z0L8uORo69nVrsbZM=
-----END CERTIFICATE-----`,
};
