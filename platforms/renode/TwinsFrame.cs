//
// A frame of the bridge between boardtwins and another emulator (docs/bridge.md): four bytes length, one byte kind, the
// body; numbers little-endian. Renode compiles this file before TwinsBus.cs.
//
using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;

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

        public void Send(Stream wire)
        {
            var content = body.ToArray();
            var frame = new byte[5 + content.Length];
            BitConverter.GetBytes((uint)(content.Length + 1)).CopyTo(frame, 0);
            frame[4] = (byte)Kind;
            content.CopyTo(frame, 5);
            wire.Write(frame, 0, frame.Length);
        }

        public static TwinsFrame Receive(Stream wire)
        {
            var head = Take(wire, 5);
            var frame = new TwinsFrame((TwinsKind)head[4]);
            frame.body.Write(Take(wire, (int)BitConverter.ToUInt32(head, 0) - 1), 0, (int)BitConverter.ToUInt32(head, 0) - 1);
            frame.body.Position = 0;
            return frame;
        }

        // `where` is unix:PATH or HOST:PORT.
        public static Stream Open(string where)
        {
            if(where.StartsWith("unix:"))
            {
                var unix = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                unix.Connect(new UnixDomainSocketEndPoint(where.Substring("unix:".Length)));
                return new NetworkStream(unix, true);
            }
            var colon = where.LastIndexOf(':');
            var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            tcp.NoDelay = true;
            tcp.Connect(new IPEndPoint(IPAddress.Parse(where.Substring(0, colon)), int.Parse(where.Substring(colon + 1))));
            return new NetworkStream(tcp, true);
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
            return Take(body, (int)(body.Length - body.Position));
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

        private static byte[] Take(Stream stream, int length)
        {
            var bytes = new byte[length];
            for(var have = 0; have < length;)
            {
                var more = stream.Read(bytes, have, length - have);
                if(more <= 0)
                {
                    throw new RecoverableException("The bridge was closed from the other end.");
                }
                have += more;
            }
            return bytes;
        }

        private readonly MemoryStream body;
    }
}
