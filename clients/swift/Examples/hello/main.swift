import Crossroom

let rooms = try Rooms("http://localhost:3000", name: "Ada")
let lobby = await rooms.room("lobby")
let messages = await lobby.messages()
try await lobby.join()
try await lobby.publish(["text": "hello"])
for try await message in messages {
    print(message.from.name, "says", message.data["text"]?.string ?? "nothing")
    break
}
await rooms.close()
