using SiemForwarder.Service.Commands;

return await CommandLine.RunAsync(args);
