using System.IO.Compression;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections;

/// <summary>The bytes of an engine: a version, then compressed (RFC 7932) clocks, faults, objects and fields, and a section for each rule.</summary>
internal static class EngineSnapshot
{
    private const byte Version = 3;

    public static byte[] Write(IReadOnlyList<RuleState> states, SingleEventMatcher matcher, IReadOnlyCollection<SourceClock> clocks)
    {
        using var bytes = new MemoryStream();
        bytes.WriteByte(Version);
        using (var compressed = new BrotliStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        using (var writer = new SnapshotWriter(compressed))
        using (var section = new SectionWriter(compressed))
        {
            writer.Write(clocks.Count);
            foreach (var clock in clocks)
            {
                writer.Write(clock.SourceId);
                writer.Write(clock.HighAt);
                writer.Write(clock.SweptTo);
            }

            writer.Write(matcher.Faults.All.Count);
            foreach (var fault in matcher.Faults.All)
            {
                writer.Write(fault.Rule);
                writer.Write(fault.Title);
                writer.Write(fault.EventId);
                writer.Write(fault.Position);
                writer.Write(fault.Reason);
            }

            writer.Flush();
            using var objects = new BinaryWriter(section);
            matcher.History.WriteTo(objects);
            matcher.Fields.Sightings.WriteTo(objects);
            objects.Flush();
            section.End();
            writer.Write(states.Count);
            using var memory = new SnapshotWriter(section);
            foreach (var state in states)
            {
                writer.Write(state.Rule.Head.Key);
                writer.Write(state.Rule.Version);
                writer.Flush();
                state.WriteTo(memory);
                memory.Flush();
                section.End();
            }
        }

        return bytes.ToArray();
    }

    /// <summary>Fills the states of the rules that the bytes know in the same version.</summary>
    /// <returns>The clocks, and null or why the bytes cannot be read.</returns>
    public static (IReadOnlyList<SourceClock> Clocks, string? Problem) Read(
        byte[] snapshot, IReadOnlyList<RuleState> states, SingleEventMatcher matcher)
    {
        if (snapshot.Length == 0 || snapshot[0] != Version)
        {
            return ([], "the snapshot is of another version of the forwarder");
        }

        try
        {
            using var bytes = new MemoryStream(snapshot, 1, snapshot.Length - 1, writable: false);
            using var compressed = new BrotliStream(bytes, CompressionMode.Decompress);
            return (Read(compressed, states, matcher), null);
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or InvalidOperationException or FormatException or ArgumentException)
        {
            return ([], $"the snapshot cannot be read: {fault.Message.TrimEnd('.')}");
        }
    }

    private static List<SourceClock> Read(Stream stream, IReadOnlyList<RuleState> states, SingleEventMatcher matcher)
    {
        using var reader = new SnapshotReader(stream);
        var clocks = new List<SourceClock>();
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            clocks.Add(new SourceClock((int)reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64()));
        }

        var faults = new List<RuleFault>();
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            faults.Add(new RuleFault(reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadInt64(), reader.ReadString()));
        }

        using (var section = new SectionReader(stream))
        using (var history = new BinaryReader(section))
        {
            matcher.History.ReadFrom(history);
            matcher.Fields.Sightings.ReadFrom(history);
            section.End();
        }

        var missing = states.ToDictionary(state => (state.Rule.Head.Key, state.Rule.Version));
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            var key = (reader.ReadString(), reader.ReadString());
            using var section = new SectionReader(stream);
            if (missing.Remove(key, out var state))
            {
                using var memory = new SnapshotReader(section);
                state.ReadFrom(memory);
            }

            section.End();
        }

        // A rule that was edited is tried again; the others stay in Error. What is new learns from the next event of each source on.
        faults.RemoveAll(fault => missing.Keys.Any(key => key.Key == fault.Rule));
        faults.ForEach(matcher.Faults.Restore);
        clocks.ForEach(clock => clock.IsStarted = missing.Count == 0);
        return clocks;
    }
}
