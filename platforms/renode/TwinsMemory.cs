//
// What Renode's memories do not do by themselves: the RP2040's SRAM bank by bank, and bus errors. Renode compiles this file
// before TwinsBus.cs.
//
using System;

using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.Memory;

namespace Antmicro.Renode.Peripherals.Miscellaneous
{
    // SRAM0 to SRAM3 one behind the other. In `striped` they take turns word by word (RP2040 datasheet 2.6.2): bits 3 and 2
    // of an address choose the bank.
    public class TwinsBanks : IBytePeripheral, IWordPeripheral, IDoubleWordPeripheral, IKnownSize
    {
        public TwinsBanks(MappedMemory striped)
        {
            this.striped = striped;
        }

        public byte ReadByte(long offset)
        {
            return striped.ReadByte(Striped(offset));
        }

        public ushort ReadWord(long offset)
        {
            return striped.ReadWord(Striped(offset));
        }

        public uint ReadDoubleWord(long offset)
        {
            return striped.ReadDoubleWord(Striped(offset));
        }

        public void WriteByte(long offset, byte value)
        {
            striped.WriteByte(Striped(offset), value);
        }

        public void WriteWord(long offset, ushort value)
        {
            striped.WriteWord(Striped(offset), value);
        }

        public void WriteDoubleWord(long offset, uint value)
        {
            striped.WriteDoubleWord(Striped(offset), value);
        }

        public void Reset()
        {
        }

        public long Size
        {
            get { return Banks * BankSize; }
        }

        private static long Striped(long offset)
        {
            var bank = offset / BankSize;
            var word = offset % BankSize / WordSize;
            return (word * Banks + bank) * WordSize + offset % WordSize;
        }

        private readonly MappedMemory striped;

        private const long Banks = 4;
        private const long BankSize = 0x10000;
        private const long WordSize = 4;
    }

    // A bus error belongs to the instruction that made it. Renode can do that from the version after 1.16.1 on; before that
    // there is no such exception, and where nothing is a load gives 0.
    public static class TwinsFault
    {
        // Does not come back where Renode has bus errors.
        public static void Throw()
        {
            if(exception != null)
            {
                throw (Exception)Activator.CreateInstance(exception, Enum.Parse(error, "AddressError"));
            }
        }

        // An access to an address at which nothing is, is a bus error, too.
        public static void WhereNothingIs(IBusController bus)
        {
            UnhandledAccessBehaviour behaviour;
            if(Enum.TryParse("ThrowException", out behaviour))
            {
                bus.UnhandledAccessBehaviour = behaviour;
            }
        }

        private static readonly Type exception = typeof(IBusController).Assembly.GetType("Antmicro.Renode.Peripherals.Bus.BusAccessException");
        private static readonly Type error = typeof(IBusController).Assembly.GetType("Antmicro.Renode.Peripherals.Bus.BusAccessError");
    }
}
