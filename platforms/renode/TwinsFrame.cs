//
// A frame of the bridge between boardtwins and another emulator (docs/bridge.md): four bytes length, one byte kind, the
// body; numbers little-endian; and the socket that it goes through. Renode compiles this file before TwinsBus.cs.
//
using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;

using Antmicro.Renode.Exceptions;

namespace Antmicro.Renode.Peripherals.Miscellaneous
{
    public enum TwinsKind : byte
    {
        Hello = 0x01,
        Read = 0x02,
        Write = 0x03,
        Advance = 0x04,
        Trap = 0x05,
        Restarted = 0x06,
        Bye = 0x07,
        MemData = 0x41,
        MemFault = 0x42,
        Welcome = 0x81,
        Value = 0x82,
        Fault = 0x83,
        Done = 0x84,
        Trapped = 0x85,
        Refused = 0x8F,
        FirstNotice = 0xC0,
        MemRead = 0xC1,
        MemWrite = 0xC2,
        Lines = 0xC3,
        Reset = 0xC4,
        Core = 0xC5,
        Event = 0xC6,
        Nmi = 0xC7,
        Clock = 0xC8,
        Traps = 0xC9,
    }

    // A frame: length, kind, body; little-endian.
    public class TwinsFrame
    {
        public TwinsFrame(TwinsKind kind)
        {
            Kind = kind;
            body = new MemoryStream();
        }

        public TwinsFrame U8(byte value)
        {
            body.WriteByte(value);
            return this;
        }

        public TwinsFrame U16(ushort value)
        {
            return U8((byte)value).U8((byte)(value >> 8));
        }

        public TwinsFrame U32(uint value)
        {
            return U16((ushort)value).U16((ushort)(value >> 16));
        }

        public TwinsFrame U64(ulong value)
        {
            return U32((uint)value).U32((uint)(value >> 32));
        }

        public TwinsFrame Bytes(byte[] bytes)
        {
            body.Write(bytes, 0, bytes.Length);
            return this;
        }

        public void Send(TwinsWire wire)
        {
            var content = body.ToArray();
            var frame = new byte[5 + content.Length];
            BitConverter.GetBytes((uint)(content.Length + 1)).CopyTo(frame, 0);
            frame[4] = (byte)Kind;
            content.CopyTo(frame, 5);
            wire.Send(frame);
        }

        public static TwinsFrame Receive(TwinsWire wire)
        {
            var head = wire.Take(5);
            var content = wire.Take((int)BitConverter.ToUInt32(head, 0) - 1);
            var frame = new TwinsFrame((TwinsKind)head[4]);
            frame.body.Write(content, 0, content.Length);
            frame.body.Position = 0;
            return frame;
        }

        public static byte[] Token(string text)
        {
            if(text.Length != 2 * TokenBytes)
            {
                throw new RecoverableException("The token is 32 hexadecimal digits.");
            }
            return Enumerable.Range(0, TokenBytes).Select(i => Convert.ToByte(text.Substring(2 * i, 2), 16)).ToArray();
        }

        public byte TakeU8()
        {
            return (byte)body.ReadByte();
        }

        public ushort TakeU16()
        {
            return (ushort)(TakeU8() | TakeU8() << 8);
        }

        public uint TakeU32()
        {
            return (uint)TakeU16() | (uint)TakeU16() << 16;
        }

        public ulong TakeU64()
        {
            return (ulong)TakeU32() | (ulong)TakeU32() << 32;
        }

        public byte[] TakeRest()
        {
            var rest = new byte[body.Length - body.Position];
            body.Read(rest, 0, rest.Length);
            return rest;
        }

        public uint[] TakeU32s()
        {
            var bytes = TakeRest();
            return Enumerable.Range(0, bytes.Length / 4).Select(i => BitConverter.ToUInt32(bytes, 4 * i)).ToArray();
        }

        public string TakeText()
        {
            return System.Text.Encoding.UTF8.GetString(TakeRest());
        }

        public TwinsKind Kind { get; private set; }

        public const int TokenBytes = 16;

        private readonly MemoryStream body;
    }

    // The connection. An answer comes within microseconds, and to be woken by the kernel can take longer than that: so it is
    // looked for without sleeping at first. Where others want the processors, who sleeps gets his turn sooner than who lets
    // the others pass: which way is quicker is tried now and then.
    public class TwinsWire : IDisposable
    {
        // `where` is unix:PATH or HOST:PORT.
        public TwinsWire(string where)
        {
            if(where.StartsWith("unix:"))
            {
                socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                socket.Connect(new UnixDomainSocketEndPoint(where.Substring("unix:".Length)));
            }
            else
            {
                var colon = where.LastIndexOf(':');
                socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.NoDelay = true;
                socket.Connect(new IPEndPoint(IPAddress.Parse(where.Substring(0, colon)), int.Parse(where.Substring(colon + 1))));
            }
            socket.Blocking = false;
        }

        public void Send(byte[] bytes)
        {
            for(var sent = 0; sent < bytes.Length;)
            {
                SocketError error;
                sent += socket.Send(bytes, sent, bytes.Length - sent, SocketFlags.None, out error);
                if(error == SocketError.WouldBlock)
                {
                    socket.Poll(-1, SelectMode.SelectWrite);
                }
                else if(error != SocketError.Success)
                {
                    throw Closed();
                }
            }
        }

        public byte[] Take(int length)
        {
            var bytes = new byte[length];
            for(var have = 0; have < length;)
            {
                if(from == to)
                {
                    Fill();
                }
                var count = Math.Min(length - have, to - from);
                Array.Copy(came, from, bytes, have, count);
                from += count;
                have += count;
            }
            return bytes;
        }

        public void Dispose()
        {
            socket.Dispose();
        }

        // Waits until something is there.
        private void Fill()
        {
            var wait = waits++ % WaitsOfARound;
            var asleep = wait < 2 * WaitsOfATrial ? wait >= WaitsOfATrial : sleeps;
            var begun = Stopwatch.GetTimestamp();
            Look(asleep ? begun : begun + Awake);
            if(wait < 2 * WaitsOfATrial)
            {
                took[asleep ? 1 : 0] += Math.Min(Stopwatch.GetTimestamp() - begun, LongestOfATrial);
            }
            if(wait == 2 * WaitsOfATrial - 1)
            {
                sleeps = took[1] < took[0];
                took[0] = took[1] = 0;
            }
        }

        private void Look(long untilAwake)
        {
            from = to = 0;
            while(true)
            {
                SocketError error;
                var count = socket.Receive(came, 0, came.Length, SocketFlags.None, out error);
                if(error == SocketError.WouldBlock)
                {
                    if(Stopwatch.GetTimestamp() < untilAwake)
                    {
                        Thread.Yield();
                    }
                    else
                    {
                        socket.Poll(-1, SelectMode.SelectRead);
                    }
                }
                else if(error != SocketError.Success || count == 0)
                {
                    throw Closed();
                }
                else
                {
                    to = count;
                    return;
                }
            }
        }

        private static Exception Closed()
        {
            return new RecoverableException("The bridge was closed from the other end.");
        }

        private int from;
        private int to;
        private uint waits;
        private bool sleeps;

        private readonly Socket socket;
        private readonly byte[] came = new byte[65536];
        // In a trial: awake, asleep.
        private readonly long[] took = new long[2];

        // 50 us; a wait of more than 500 us says nothing of the way.
        private static readonly long Awake = Stopwatch.Frequency / 20000;
        private static readonly long LongestOfATrial = Stopwatch.Frequency / 2000;

        private const uint WaitsOfARound = 4096;
        private const uint WaitsOfATrial = 64;
    }
}
