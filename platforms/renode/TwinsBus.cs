//
// The client of the bridge (docs/bridge.md) for Renode: Renode has the processors and the memories, boardtwins has every
// register, pin, bus, timer and part. Renode compiles this file when a script says `include @TwinsBus.cs`.
//
// TwinsWindow is a region of registers on Renode's bus; TwinsBus is the first of them, and holds the connection.
// The interrupt inputs of processor n are the outputs 32 n to 32 n + 31 of TwinsBus.
//
using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Sockets;

using Antmicro.Renode.Core;
using Antmicro.Renode.Exceptions;
using Antmicro.Renode.Logging;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Peripherals.IRQControllers;
using Antmicro.Renode.Peripherals.Timers;
using Antmicro.Renode.Time;

namespace Antmicro.Renode.Peripherals.Miscellaneous
{
    public class TwinsWindow : IBytePeripheral, IWordPeripheral, IDoubleWordPeripheral, IKnownSize
    {
        public TwinsWindow(TwinsBus bus, ulong origin, long size)
        {
            this.bus = bus ?? (TwinsBus)this;
            this.origin = origin;
            Size = size;
        }

        public byte ReadByte(long offset)
        {
            return (byte)bus.Read(Address(offset), 1);
        }

        public ushort ReadWord(long offset)
        {
            return (ushort)bus.Read(Address(offset), 2);
        }

        public uint ReadDoubleWord(long offset)
        {
            return bus.Read(Address(offset), 4);
        }

        public void WriteByte(long offset, byte value)
        {
            bus.Write(Address(offset), 1, value);
        }

        public void WriteWord(long offset, ushort value)
        {
            bus.Write(Address(offset), 2, value);
        }

        public void WriteDoubleWord(long offset, uint value)
        {
            bus.Write(Address(offset), 4, value);
        }

        // The registers are not Renode's: `machine Reset` resets them with the processors (TwinsBus.Reset).
        public virtual void Reset()
        {
        }

        public long Size { get; private set; }

        private uint Address(long offset)
        {
            return (uint)(origin + (ulong)offset);
        }

        private readonly TwinsBus bus;
        private readonly ulong origin;
    }

    public class TwinsBus : TwinsWindow, INumberedGPIOOutput, IDisposable
    {
        public TwinsBus(IMachine machine, ulong origin, long size, string chip) : base(null, origin, size)
        {
            if(!chips.ContainsKey(chip))
            {
                throw new ConstructionException("TwinsBus knows the chips rp2040 and esp32s3, not \"" + chip + "\".");
            }
            this.machine = machine;
            this.chip = chips[chip];
            lines = new GPIO[Cores * LinesOfACore];
            var connections = new Dictionary<int, IGPIO>();
            for(var line = 0; line < lines.Length; line++)
            {
                lines[line] = new GPIO();
                connections[line] = lines[line];
            }
            Connections = connections;
            timer = new LimitTimer(machine.ClockSource, TimeInterval.TicksPerSecond, this, "next", limit: 1,
                direction: Direction.Ascending, workMode: WorkMode.OneShot, eventEnabled: true);
            timer.LimitReached += Advance;
        }

        // `where` is unix:PATH or HOST:PORT; `token` the 16 bytes that the server was started with, in hexadecimal.
        public void Connect(string where, string token)
        {
            processors = machine.SystemBus.GetCPUs().Cast<TranslationCPU>().OrderBy(cpu => machine.GetLocalName(cpu)).ToArray();
            if(processors.Length != Cores)
            {
                throw new RecoverableException("The machine has " + processors.Length + " processors, the bridge needs 2.");
            }
            var found = machine.GetPeripheralsOfType<NVIC>().OrderBy(nvic => machine.GetLocalName(nvic));
            nvics = found.Concat(new NVIC[Cores]).Take(Cores).ToArray();
            TwinsFault.WhereNothingIs(machine.SystemBus);
            try
            {
                wire = new TwinsWire(where);
            }
            catch(SocketException error)
            {
                throw new RecoverableException("No twin waits at " + where + ": " + error.Message);
            }
            wire.Send(TwinsFrame.Token(token));
            var welcome = Ask(new TwinsFrame(TwinsKind.Hello).U16(ProtocolVersion).U8(chip).U8(Cores));
            if(welcome.Kind != TwinsKind.Welcome || welcome.TakeU16() != ProtocolVersion)
            {
                throw new RecoverableException("The other end of the bridge speaks another version of it.");
            }
            // Our time zero is that of the server at this moment, not that of this machine.
            start = welcome.TakeU64();
            foreach(var core in Enumerable.Range(0, Cores))
            {
                Begin(core);
            }
            Schedule(welcome.TakeU64());
        }

        // To be said before Renode ends, so that the twin knows that nothing comes any more.
        public void Disconnect()
        {
            if(wire != null)
            {
                Ask(new TwinsFrame(TwinsKind.Bye));
                wire.Dispose();
                wire = null;
            }
        }

        public uint Read(uint address, byte size)
        {
            var core = Current();
            var answer = Ask(new TwinsFrame(TwinsKind.Read).U8((byte)core).U8(size).U32(address).U64(AccessTime(core)));
            if(answer.Kind == TwinsKind.Fault)
            {
                Schedule(answer.TakeU64());
                Fault(core, address, "read");
                return 0;
            }
            var value = answer.TakeU32();
            this.Log(LogLevel.Noisy, "Processor {0} reads 0x{1:X} from 0x{2:X8}.", core, value, address);
            var next = answer.TakeU64();
            Schedule(next);
            PassPolling(core, address, value, next);
            return value;
        }

        public void Write(uint address, byte size, uint value)
        {
            var core = Current();
            polls = 0;
            this.Log(LogLevel.Noisy, "Processor {0} writes 0x{1:X} to 0x{2:X8}.", core, value, address);
            var answer = Ask(new TwinsFrame(TwinsKind.Write).U8((byte)core).U8(size).U32(address).U32(value).U64(AccessTime(core)));
            Schedule(answer.TakeU64());
            if(answer.Kind == TwinsKind.Fault)
            {
                Fault(core, address, "write");
            }
        }

        public override void Reset()
        {
            timer.Enabled = false;
            if(wire != null && !restarting)
            {
                Send(new TwinsFrame(TwinsKind.Restarted).U8(WholeChip).U64(start + Picoseconds(machine.ElapsedVirtualTime.TimeElapsed)));
            }
        }

        public void Dispose()
        {
            if(wire != null)
            {
                wire.Dispose();
                wire = null;
            }
        }

        public IReadOnlyDictionary<int, IGPIO> Connections { get; private set; }

        // For a look at how much the bridge was used: the requests so far.
        public ulong Requests { get; private set; }

        // A processor that asks again and again for the same thing, and nothing is due in the chip that could change it: its
        // time passes at once. A counter gives another value each time.
        private void PassPolling(int core, uint address, uint value, ulong next)
        {
            polls = core == pollingCore && address == polledAddress && value == polledValue ? polls + 1 : 0;
            pollingCore = core;
            polledAddress = address;
            polledValue = value;
            if(polls >= PollsBeforePassing && processors[core].OnPossessedThread)
            {
                StandStill(core, Math.Min(next, Now(core) + LongestPass), false);
            }
        }

        private static ulong Picoseconds(TimeInterval time)
        {
            return time.Ticks * PicosecondsPerTick;
        }

        // One request, and the notices before its answer. Everything happens on the thread that asked.
        private TwinsFrame Ask(TwinsFrame request)
        {
            if(wire == null)
            {
                throw new RecoverableException("The bridge is not connected: twins Connect WHERE TOKEN comes first.");
            }
            lock(exchange)
            {
                Requests++;
                request.Send(wire);
                while(true)
                {
                    var frame = TwinsFrame.Receive(wire);
                    if(frame.Kind == TwinsKind.Refused)
                    {
                        throw new RecoverableException("The bridge was refused: " + frame.TakeText());
                    }
                    if(frame.Kind < TwinsKind.FirstNotice)
                    {
                        return frame;
                    }
                    Obey(frame);
                }
            }
        }

        private void Send(TwinsFrame request)
        {
            Schedule(Ask(request).TakeU64());
        }

        private void Obey(TwinsFrame notice)
        {
            switch(notice.Kind)
            {
            case TwinsKind.MemRead:
                AnswerMemRead(notice.TakeU32(), notice.TakeU32());
                break;
            case TwinsKind.MemWrite:
                var address = notice.TakeU32();
                var bytes = notice.TakeRest();
                this.Log(LogLevel.Noisy, "{0} bytes for 0x{1:X8}.", bytes.Length, address);
                machine.SystemBus.WriteBytes(bytes, address);
                break;
            case TwinsKind.Lines:
                SetLines(notice.TakeU8(), notice.TakeU32());
                break;
            case TwinsKind.Reset:
                Restart(notice.TakeU8());
                break;
            case TwinsKind.Core:
                SetCore(notice.TakeU8(), (CoreState)notice.TakeU8());
                break;
            case TwinsKind.Event:
                ((CortexM)processors[notice.TakeU8()]).SetEventFlag(true);
                break;
            case TwinsKind.Nmi:
                nvics[notice.TakeU8()].SetPendingIRQ(NmiException);
                break;
            case TwinsKind.Clock:
                SetClock(notice.TakeU64());
                break;
            case TwinsKind.Traps:
                SetTraps(notice.TakeU32s());
                break;
            default:
                throw new RecoverableException("The bridge sent a frame of the unknown kind 0x" + ((byte)notice.Kind).ToString("X2") + ".");
            }
        }

        private void AnswerMemRead(uint address, uint length)
        {
            if(machine.SystemBus.IsMemory(address) && machine.SystemBus.IsMemory(address + length - 1))
            {
                new TwinsFrame(TwinsKind.MemData).Bytes(machine.SystemBus.ReadBytes(address, (int)length)).Send(wire);
                return;
            }
            this.Log(LogLevel.Warning, "No memory at 0x{0:X8} for a block of the chip to read {1} bytes.", address, length);
            new TwinsFrame(TwinsKind.MemFault).Send(wire);
        }

        private void SetLines(int core, uint levels)
        {
            for(var line = 0; line < LinesOfACore; line++)
            {
                lines[core * LinesOfACore + line].Set((levels >> line & 1) != 0);
            }
        }

        private void SetClock(ulong hertz)
        {
            accessCycles = CyclesOfAnAccess * PicosecondsPerSecond / hertz;
            foreach(var cpu in processors)
            {
                var cycles = cpu is CortexM ? CyclesOfAnInstruction : 1;
                cpu.PerformanceInMips = speeds.Last(mips => mips == 1 || mips * Megahertz * cycles <= hertz);
                TwinsRegisters.SetCycleCounter(cpu, hertz);
            }
            // SysTick counts the processor's clock.
            foreach(var nvic in nvics.Where(nvic => nvic != null))
            {
                nvic.Frequency = hertz;
            }
        }

        private void SetCore(int core, CoreState state)
        {
            var cpu = processors[core];
            var wasReset = inReset[core];
            inReset[core] = state == CoreState.InReset;
            if(state == CoreState.Runs && wasReset)
            {
                Later(() => StartAgain(core));
                return;
            }
            cpu.IsHalted = state != CoreState.Runs;
        }

        private void Restart(byte cores)
        {
            for(var core = 0; core < Cores; core++)
            {
                if((cores >> core & 1) != 0)
                {
                    // It executes nothing more until it starts again.
                    processors[core].IsHalted = true;
                    var which = core;
                    Later(() => StartAgain(which));
                }
            }
        }

        // A processor cannot be reset from within an access of its own: that happens when all of them stand still.
        private void Later(Action action)
        {
            machine.LocalTimeSource.ExecuteInNearestSyncedState(_ => action());
        }

        // A Cortex-M takes its first address from the table at VTOR. Renode begins an ESP32-S3's processor elsewhere than the
        // chip does, and does not tell the two apart.
        private void Begin(int core)
        {
            var arm = processors[core] as CortexM;
            if(arm != null)
            {
                arm.VectorTableOffset = 0;
                return;
            }
            var xtensa = (Xtensa)processors[core];
            xtensa.PC = XtensaReset;
            xtensa.PRID = processorIds[core];
        }

        private void StartAgain(int core)
        {
            restarting = true;
            var cpu = processors[core];
            cpu.Reset();
            if(nvics[core] != null)
            {
                nvics[core].Reset();
            }
            Begin(core);
            waiting[core] = null;
            restarting = false;
            // A processor that is held is halted; one that stayed paused would hold up time.
            cpu.IsHalted = inReset[core];
            cpu.Resume();
        }

        private void SetTraps(uint[] addresses)
        {
            traps = new HashSet<uint>(addresses);
            if(addresses.Length > 0 && processors[0] is CortexM)
            {
                var rom = machine.SystemBus.ReadBytes(0, (int)addresses.Max() + 4);
                returns = (uint)Enumerable.Range(1, rom.Length / 2 - 1).First(i => BitConverter.ToUInt16(rom, 2 * i) == ReturnToLink) * 2;
            }
            for(var i = 0; i < Cores; i++)
            {
                var core = i;
                foreach(var address in addresses)
                {
                    processors[core].RemoveHooksAt(address);
                    processors[core].AddHook(address, (_, pc) => Trap(core, (uint)pc));
                }
            }
        }

        // The processor stands before the undefined instruction that is a ROM function.
        private void Trap(int core, uint pc)
        {
            var cpu = processors[core];
            if(waiting[core] != null && waiting[core].Pc == pc && waiting[core].Sp == TwinsRegisters.Get(cpu, TwinsRegisters.StackPointer))
            {
                TwinsRegisters.Set(cpu, TwinsRegisters.LinkRegister, waiting[core].Link);
                waiting[core] = null;
            }
            var registers = TwinsRegisters.All(cpu);
            registers[TwinsRegisters.PlaceOfPc(cpu)] = pc;
            var request = new TwinsFrame(TwinsKind.Trap).U8((byte)core).U32(pc).U64(Now(core)).U8((byte)registers.Length);
            foreach(var register in registers)
            {
                request.U32(register);
            }
            var answer = Ask(request);
            var next = answer.TakeU64();
            var how = (TrapEnd)answer.TakeU8();
            var time = answer.TakeU64();
            answer.TakeU8();
            Schedule(next);
            switch(how)
            {
            case TrapEnd.GoesOn:
                TwinsRegisters.Put(cpu, answer.TakeU32s());
                if(cpu is CortexM && traps.Contains((uint)cpu.PC.RawValue & ~1u))
                {
                    Wait(core, (uint)cpu.PC.RawValue & ~1u, time);
                }
                else
                {
                    GoOnAt(core, time);
                }
                break;
            case TrapEnd.Again:
                TwinsRegisters.Put(cpu, answer.TakeU32s());
                Wait(core, pc, time);
                break;
            case TrapEnd.Event:
                TwinsRegisters.Put(cpu, answer.TakeU32s());
                Wait(core, pc, Math.Min(next, Now(core) + LongestWait));
                break;
            case TrapEnd.Stopped:
                cpu.IsHalted = true;
                break;
            }
            this.Log(LogLevel.Debug, "Processor {0}, ROM function at 0x{1:X}: {2}, until {3} ps, at 0x{4:X}.", core, pc, how, time, cpu.PC);
        }

        // Renode does not stop before the instruction at which a processor goes on after a stop. So it goes on at a BX LR of
        // the ROM, with a link to the trap; what the link was is put back there.
        private void Wait(int core, uint pc, ulong until)
        {
            var cpu = processors[core];
            waiting[core] = new Waiting { Pc = pc, Sp = TwinsRegisters.Get(cpu, TwinsRegisters.StackPointer), Link = TwinsRegisters.Get(cpu, TwinsRegisters.LinkRegister) };
            TwinsRegisters.Set(cpu, TwinsRegisters.LinkRegister, pc | 1);
            cpu.PC = returns | 1;
            StandStill(core, until);
        }

        // A function of the ESP32-S3's ROM is called often and is short: what is less than a microsecond is kept for later.
        private void GoOnAt(int core, ulong time)
        {
            if(processors[core] is CortexM)
            {
                StandStill(core, time);
                return;
            }
            var now = Now(core);
            owed[core] += time > now ? time - now : 0;
            StandStill(core, now + owed[core], false);
            owed[core] %= Microsecond;
        }

        private void StandStill(int core, ulong until, bool whole = true)
        {
            var now = Now(core);
            // Whole microseconds, as SkipTime counts in instructions and their number per microsecond is whole.
            var microseconds = until > now ? (until - now + (whole ? Microsecond - 1 : 0)) / Microsecond : 0;
            if(microseconds > 0)
            {
                processors[core].SkipTime(TimeInterval.FromMicroseconds(microseconds));
            }
        }

        private void Fault(int core, uint address, string what)
        {
            this.Log(LogLevel.Warning, "Bus error: processor {0}, {1} of 0x{2:X8}.", core, what, address);
            TwinsFault.Throw();
            if(nvics[core] != null)
            {
                nvics[core].SetPendingIRQ(HardFaultException);
            }
        }

        private int Current()
        {
            ICPU cpu;
            // A person's access, from the monitor or a debugger, is carried out as one of processor 0.
            return machine.SystemBus.TryGetCurrentCPU(out cpu) ? Array.IndexOf(processors, cpu) : 0;
        }

        private ulong Now(int core)
        {
            var cpu = processors[core];
            if(!cpu.OnPossessedThread)
            {
                return start + Picoseconds(machine.ElapsedVirtualTime.TimeElapsed);
            }
            cpu.SyncTime();
            return start + Picoseconds(cpu.TimeHandle.TotalElapsedTime);
        }

        // The time of an access. Renode counts instructions by blocks of them: to it the accesses of a block are at the same
        // time. Here each is at least an access's cycles behind the one before.
        private ulong AccessTime(int core)
        {
            accessed[core] = Math.Max(Now(core), accessed[core] + accessCycles);
            return accessed[core];
        }

        // Something is due in the chip at `next`. It is looked at every millisecond at the latest, so that parts stay with us,
        // and every ten microseconds at most: a state machine at work has something due each cycle. Coming too early is free
        // of consequences, so a timer that is set is left alone.
        private void Schedule(ulong next)
        {
            // Timers count from where the slowest processor is.
            var now = start + Picoseconds(machine.ClockSource.CurrentValue);
            var then = Math.Min(Math.Max(next, advanced + ShortestWait), now + LongestWait);
            if(timer.Enabled && due <= then)
            {
                return;
            }
            due = then;
            timer.Enabled = false;
            timer.Limit = then > now ? (then - now + PicosecondsPerTick - 1) / PicosecondsPerTick : 1;
            timer.Value = 0;
            timer.Enabled = true;
        }

        private void Advance()
        {
            advanced = due;
            Send(new TwinsFrame(TwinsKind.Advance).U64(due));
        }

        private TwinsWire wire;
        private TranslationCPU[] processors = new TranslationCPU[0];
        private NVIC[] nvics = new NVIC[0];
        private ulong start;
        private ulong due;
        private ulong advanced;
        private bool restarting;
        private int polls;
        private int pollingCore;
        private uint polledAddress;
        private uint polledValue;
        private HashSet<uint> traps = new HashSet<uint>();
        // Where the ROM has a BX LR.
        private uint returns;

        private ulong accessCycles;

        private readonly IMachine machine;
        private readonly byte chip;
        private readonly GPIO[] lines;
        private readonly LimitTimer timer;
        private readonly bool[] inReset = new bool[Cores];
        private readonly ulong[] accessed = new ulong[Cores];
        private readonly ulong[] owed = new ulong[Cores];
        private readonly Waiting[] waiting = new Waiting[Cores];
        private readonly object exchange = new object();

        // Instructions in a microsecond, so that one has whole nanoseconds: Renode counts no others one by one.
        private static readonly uint[] speeds = { 1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100, 125, 200, 250 };
        // ESP-IDF's soc.h: PRO_CPU_NUM and APP_CPU_NUM by PRID.
        private static readonly uint[] processorIds = { 0xCDCD, 0xABAB };
        private static readonly Dictionary<string, byte> chips = new Dictionary<string, byte> { { "rp2040", 1 }, { "esp32s3", 2 } };

        private const ushort ProtocolVersion = 1;
        private const byte Cores = 2;
        private const byte WholeChip = 0xFF;
        private const int LinesOfACore = 32;
        private const ulong PicosecondsPerSecond = 1000000000000;
        private const ulong PicosecondsPerTick = PicosecondsPerSecond / TimeInterval.TicksPerSecond;
        // Cortex-M0+ TRM, table 3-1: a load or store takes two.
        private const ulong CyclesOfAnAccess = 2;
        private const ulong Megahertz = 1000000;
        // Renode gives each instruction the same time. Loads, stores and taken branches have two cycles, and firmware waits
        // with branches, for the divider for one (RP2040 datasheet 2.3.1.5): less would be too little.
        private const ulong CyclesOfAnInstruction = 2;
        private const ulong Microsecond = 1000000;
        private const ulong LongestWait = 1000 * Microsecond;
        private const ulong ShortestWait = 10 * Microsecond;
        private const ulong LongestPass = 100 * Microsecond;
        private const int PollsBeforePassing = 8;
        private const int NmiException = 2;
        private const int HardFaultException = 3;
        // TRM 4.3.1: where the ROM begins that is executed first (core-isa.h: XCHAL_RESET_VECTOR_VADDR).
        private const uint XtensaReset = 0x40000400;
        private const ushort ReturnToLink = 0x4770;

        private enum CoreState : byte
        {
            Runs = 0,
            InReset = 1,
            StandsStill = 2,
        }

        private enum TrapEnd : byte
        {
            GoesOn = 0,
            Again = 1,
            Event = 2,
            Stopped = 3,
        }

        private class Waiting
        {
            public uint Pc;
            public uint Sp;
            public uint Link;
        }
    }
}
