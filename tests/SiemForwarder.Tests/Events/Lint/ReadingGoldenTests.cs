using System.Reflection;
using System.Text;
using SiemForwarder.Events.Lint;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Lint;

/// <summary>
/// What the readers see and find in messages at the edge of what is legal, and in broken ones, sentence for sentence; UPDATE_GOLDEN=1 writes the file anew.
/// </summary>
public sealed class ReadingGoldenTests
{
    [Fact]
    public void EveryCaseIsReadAsBefore()
    {
        var lines = LegalAndIllegal.All().Concat(Broken()).SelectMany(one => Lines(one.Format, one.Message)).ToList();
        var path = Path.Combine(RepositoryFiles.Root, "tests", "SiemForwarder.Tests", "Golden", "readings.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, string.Join('\n', lines) + "\n", new UTF8Encoding(false));
        }

        Assert.Equal(File.ReadAllText(path).TrimEnd('\n').Split('\n'), lines);
    }

    private static IEnumerable<string> Lines(string format, string message)
    {
        yield return $"{format} < {Visible(message)}";
        var reading = MessageReader.Read(Encoding.UTF8.GetBytes(message), FormatSettings.For(format));
        foreach (var field in reading.Fields)
        {
            yield return $"    {field.Name} = {Visible(field.Value)}{(field.Type == ParsedField.Text ? "" : $" ({field.Type})")}";
        }

        foreach (var finding in reading.Findings)
        {
            yield return $"  ! {finding.Level} {finding.Rule}: {finding.Message}";
        }
    }

    // The cases of the test that names a rule for each.
    private static IEnumerable<(string Format, string Message)> Broken() =>
        typeof(MessageReaderTests).GetMethod(nameof(MessageReaderTests.WhatIsWrongIsFound))!.GetCustomAttributesData()
            .Select(data => data.ConstructorArguments is [{ Value: IReadOnlyCollection<CustomAttributeTypedArgument> values }] ? values.Select(value => value.Value as string).ToList() : [])
            .Where(values => values.Count == 3).Select(values => (values[0]!, values[1]!));

    private static string Visible(string text)
    {
        var shown = text.Length <= 200 ? text : $"{text[..100]}…({text.Length} characters)…{text[^60..]}";
        return string.Concat(shown.Select(character => char.IsControl(character) || character == '\uFEFF' ? $"\\u{(int)character:X4}" : character.ToString()));
    }
}
