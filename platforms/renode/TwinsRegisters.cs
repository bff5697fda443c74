//
// The registers of a processor for a Trap of the bridge (docs/bridge.md). Renode compiles this file before TwinsBus.cs.
//
using System.Collections.Generic;
using System.Linq;
using System.Reflection;

using Antmicro.Renode.Logging;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Peripherals.Timers;

namespace Antmicro.Renode.Peripherals.Miscellaneous
{
    public static class TwinsRegisters
    {
        public static uint[] All(TranslationCPU cpu)
        {
            return cpu is CortexM ? AllOfArm(cpu) : AllOfXtensa(cpu).ToArray();
        }

        // Where among them the address of the next instruction is.
        public static int PlaceOfPc(TranslationCPU cpu)
        {
            return cpu is CortexM ? ProgramCounter : 0;
        }

        public static void Put(TranslationCPU cpu, uint[] values)
        {
            if(cpu is CortexM)
            {
                // A ROM function is an ordinary function: it changes the general registers.
                for(var i = 0; i < ProgramCounter; i++)
                {
                    Set(cpu, i, values[i]);
                }
                cpu.PC = values[ProgramCounter] | 1;
                return;
            }
            PutXtensa(cpu, values);
        }

        public static uint Get(TranslationCPU cpu, int index)
        {
            return (uint)cpu.GetRegister(index).RawValue;
        }

        public static void Set(TranslationCPU cpu, int index, uint value)
        {
            cpu.SetRegister(index, RegisterValue.Create(value, 32));
        }

        // CCOUNT is to count cycles. Renode makes it of a timer of its own by a factor that is fixed for the model of the
        // processor: 140 for the ESP32-S3.
        public static void SetCycleCounter(TranslationCPU cpu, ulong hertz)
        {
            if(timers != null && cpu is Xtensa)
            {
                foreach(var timer in (ComparingTimer[])timers.GetValue(cpu))
                {
                    timer.Frequency = (hertz + CountsOfATick / 2) / CountsOfATick;
                }
            }
        }

        // The numbers that Renode gives them.
        public const int StackPointer = 13;
        public const int LinkRegister = 14;

        // R0 to R15, xPSR, MSP, PSP, PRIMASK, CONTROL, VTOR.
        private static uint[] AllOfArm(TranslationCPU cpu)
        {
            var values = Enumerable.Range(0, 16).Select(i => Get(cpu, i)).ToList();
            var processStack = (Get(cpu, Control) & 2) != 0;
            var other = Get(cpu, OtherStackPointer);
            values.Add(Get(cpu, ProgramStatus));
            values.Add(processStack ? other : values[StackPointer]);
            values.Add(processStack ? values[StackPointer] : other);
            values.Add(Get(cpu, PriMask));
            values.Add(Get(cpu, Control));
            values.Add(((CortexM)cpu).VectorTableOffset);
            return values.ToArray();
        }

        // PC; A0 to A15 and the four behind them; PS, WINDOWBASE, WINDOWSTART, VECBASE, EXCCAUSE, EXCVADDR, EPC1, INTENABLE,
        // CCOUNT, CCOMPARE0 to 2, INTERRUPT.
        private static IEnumerable<uint> AllOfXtensa(TranslationCPU cpu)
        {
            return Enumerable.Repeat((uint)cpu.PC.RawValue, 1)
                .Concat(Enumerable.Range(A0, WindowRegisters).Select(i => Get(cpu, i)))
                .Concat(Behind(cpu).Select(i => i < PhysicalRegisters ? Get(cpu, Ar0 + i) : 0))
                .Concat(xtensa.Select(i => Get(cpu, i)));
        }

        private static void PutXtensa(TranslationCPU cpu, uint[] values)
        {
            for(var i = 0; i < WindowRegisters; i++)
            {
                Set(cpu, A0 + i, values[1 + i]);
            }
            var at = 1 + WindowRegisters;
            foreach(var i in Behind(cpu))
            {
                if(i < PhysicalRegisters)
                {
                    Set(cpu, Ar0 + i, values[at]);
                }
                at++;
            }
            foreach(var i in xtensa)
            {
                var value = values[at++];
                if(i == Ccount || Get(cpu, i) == value)
                {
                    continue;
                }
                if(i >= Ccompare0 && i <= Ccompare2)
                {
                    cpu.Log(LogLevel.Warning, "The ROM set CCOMPARE{0}: Renode sets its timers by WSR only.", i - Ccompare0);
                }
                Set(cpu, i, value);
            }
            cpu.PC = values[0];
        }

        // The physical registers of A16 to A19, which a CALL12 adds. Renode shows 32 of the 64.
        private static IEnumerable<int> Behind(TranslationCPU cpu)
        {
            var first = 4 * (int)Get(cpu, WindowBase) + WindowRegisters;
            return Enumerable.Range(first, 4).Select(i => i % AllPhysicalRegisters);
        }

        private const int ProgramCounter = 15;
        private const int Control = 18;
        private const int OtherStackPointer = 22;
        private const int ProgramStatus = 25;
        private const int PriMask = 28;

        private const int Ar0 = 1;
        private const int PhysicalRegisters = 32;
        private const int AllPhysicalRegisters = 64;
        private const int A0 = 89;
        private const int WindowRegisters = 16;
        private const int WindowBase = 34;
        private const int Ccount = 79;
        private const int Ccompare0 = 84;
        private const int Ccompare2 = 86;

        private const ulong CountsOfATick = 140;

        private static readonly FieldInfo timers = typeof(Xtensa).GetField("innerTimers", BindingFlags.NonPublic | BindingFlags.Instance);
        private static readonly int[] xtensa = { 38, WindowBase, 35, 76, 77, 83, 51, 75, Ccount, Ccompare0, 85, Ccompare2, 72 };
    }
}
