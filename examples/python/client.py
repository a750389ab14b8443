import asyncio, itertools, json, random, sys, threading, uuid, ways, websockets
NEVER_AGAIN = {400, 401, 403, 1000, 1002, 1007, 1008, 1009, *range(4000, 4500)}  # HTTP's, and close codes
def backoff(n): return asyncio.sleep(min(5, 2 ** min(n, 9)) * random.uniform(0.5, 1))
class Chat:
    async def run(self, url, room, name):  # last, acked: positions of the last print and ack
        self.room, self.last, self.acked, self.inbox, self.lines = {"room": room}, None, None, [], []
        self.auth, self.failures = {"name": name, "device": uuid.uuid4().hex}, itertools.count()
        threading.Thread(target=self.read_lines, daemon=True).start()
        while True:
            try:
                async with ways.connect(url) as self.ws: return await self.session()
            except (OSError, websockets.InvalidHandshake, websockets.ConnectionClosed) as error:
                refusal = getattr(error, "response", None)
                code = refusal.status_code if refusal else getattr(getattr(error, "rcvd", None), "code", 1006)
                if code in NEVER_AGAIN: sys.exit(f"{error} {refusal.body.decode() if refusal else ''}")
            await backoff(next(self.failures))
    def read_lines(self):  # in a thread; lines[0] is the next to be acked, None is the end
        for line in open(0, "rb", 0):
            self.lines.append({"data": line.decode(errors="replace").rstrip("\n"), "id": uuid.uuid4().hex})
        self.lines.append(None)
    async def session(self):
        await self.ws.send(json.dumps({"type": "connect", "auth": self.auth}))
        joined = await self.call("join", **({"since": self.last} if self.last else {}))
        self.failures, self.last = itertools.count(), self.last or joined["position"]
        for message in joined.get("messages", []): await self.deliver(message)
        if joined.get("recovered") is False: await self.catch_up(joined["position"])
        while not self.lines or self.lines[0] or self.acked and self.ahead(self.acked) > 0:
            if self.lines and self.lines[0]:
                self.acked, _ = (await self.call("publish", **self.lines[0]))["position"], self.lines.pop(0)
            else: await self.receive(timeout=0.05)
            while self.inbox: await self.deliver(self.inbox.pop(0))
    async def receive(self, timeout=None):
        try: frame = json.loads(await asyncio.wait_for(self.ws.recv(), timeout))
        except TimeoutError: return
        if frame["type"] in ("connect_error", "disconnect", "error"): sys.exit(json.dumps(frame))
        if frame.get("event") == "welcome": self.auth["token"] = frame["args"][0]["token"]
        if frame.get("event") == "message": self.inbox.append(frame["args"][0])
        return frame
    async def call(self, event, **arg):  # the answer; an error only to `history`, others end the program
        for id in itertools.count():
            await self.ws.send(json.dumps(dict(type="event", event=event, args=[self.room | arg], id=id)))
            while (frame := await self.receive())["type"] != "ack" or frame["id"] != id: pass
            if (answer := frame["args"][0])["ok"]: return answer
            if answer["error"]["retryable"]: await backoff(id - 2)
            elif event == "history": return answer
            else: sys.exit(f"{event}: {answer['error']['code']}: {answer['error']['message']}")
    def ahead(self, at):  # by how many messages it is after the last printed; 2 where that is not known
        return at["offset"] - self.last["offset"] if at["epoch"] == self.last["epoch"] else 2
    async def deliver(self, message):
        at, data = message["position"], message["data"]
        if self.ahead(at) > 1: await self.catch_up({**at, "offset": at["offset"] - 1})
        if self.ahead(at) < 1: return
        print(f"{message['from']['name']}: {data if isinstance(data, str) else json.dumps(data)}", flush=True)
        self.last = at
    async def catch_up(self, end):  # from history; where that is lost, go on at `end`
        while (page := await self.call("history", after=self.last))["ok"] and page["messages"]:
            for message in page["messages"]: await self.deliver(message)
        if not page["ok"]: print("-- messages were lost", flush=True)
        self.last = self.last if page["ok"] else end
asyncio.run(Chat().run(*sys.argv[1:]))
